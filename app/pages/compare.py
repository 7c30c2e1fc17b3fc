"""Two states of the layers compared, without script: what differs as tables, and as still maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from app.maps.picture import Shape, ground_shapes, svg_map, view_of
from app.wording import day
from layers.days import CHINA
from layers.errors import InvalidParameter, NotFound
from layers.snapshot import is_listed

from .answers import page_response
from .context import plan_href
from .public import feature_href, frame, href, zone_names
from .refusal_words import absent_words, refused_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from markupsafe import Markup

    from app.published import Published
    from app.wording import Wording
    from layers.difference import Changed
    from layers.history import Compared
    from layers.model import Feature, PublicRevision
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

router = APIRouter()

_MOST = 200
"""Features of a layer that are listed of those added, removed and changed each."""

_REVISIONS = 100


@dataclass(frozen=True, slots=True)
class Pair:
    """The two states of a layer that are compared; None for nothing yet."""

    layer: ServedLayer
    old: PublicRevision | None
    new: PublicRevision


@router.api_route("/compare", methods=["GET", "HEAD"])
def get_compare(
    request: Request, atlas: AtlasDep, published: PublishedDep, templates: TemplatesDep
) -> Response:
    """Return how two states of a layer, or of all, differ.

    ``from`` and ``to`` are numbers of revisions or days; without them the last two revisions are
    compared. What is unknown gives a notice, and is left out.
    """
    given = dict(request.query_params)
    language = parse_language(given.get("lang"))
    words = templates.wording(atlas, language)
    asked = {name: given[name].strip() for name in ("layer", "from", "to") if given.get(name)}
    pairs, notices = _pairs(atlas, asked, words)
    if "layer" in asked and asked["layer"] not in atlas.layers:
        unknown = asked.pop("layer")[:80]
        notices.insert(0, words.say("没有图层“{layer}”，下面是全部图层。", layer=unknown))
    context = compare_context(atlas, published, words, pairs, asked)
    context |= frame(request, words, "compare", "/compare", asked)
    context["notices"] = notices
    return page_response(
        request, templates.render("compare_layers.html", atlas=atlas, lang=language, **context)
    )


def _pairs(atlas: Atlas, asked: Mapping[str, str], words: Wording) -> tuple[list[Pair], list[str]]:
    """Return what is compared of each layer, and what is said of what is unknown."""
    only = atlas.layers.get(asked.get("layer", ""))
    pairs, notices = [], []
    for snapshot in atlas.layers.values() if only is None else [only]:
        try:
            pairs.append(_pair(snapshot, asked, is_alone=only is not None))
        except InvalidParameter as error:
            notices.append(refused_words(error, words))
            pairs.append(_pair(snapshot, {}, is_alone=True))
        except NotFound as error:
            notices.append(absent_words(error, snapshot, words))
            if only is not None:
                pairs.append(_pair(snapshot, {}, is_alone=True))
    return pairs, list(dict.fromkeys(notices))


def _pair(snapshot: ServedLayer, asked: Mapping[str, str], *, is_alone: bool) -> Pair:
    history = snapshot.history
    new = history.find(asked["to"], "to", CHINA) if "to" in asked else history.newest
    if "from" not in asked:
        return Pair(snapshot, history.numbered(max(1, new.number - 1)), new)
    if asked["from"] == "0":
        return Pair(snapshot, None, new)
    try:
        return Pair(snapshot, history.find(asked["from"], "from", CHINA), new)
    except NotFound:
        if is_alone:
            raise
        # Of all layers on a day, one may not have been there yet.
        return Pair(snapshot, None, new)


def compare_context(
    atlas: Atlas,
    published: Published,
    words: Wording,
    pairs: list[Pair],
    asked: Mapping[str, str],
) -> dict[str, Any]:
    """Return the context of ``compare_layers.html``; see the comment at the top of the template."""
    chosen = asked.get("layer")
    known = pairs[0].layer.history.revisions[::-1][:_REVISIONS] if chosen and pairs else ()
    version = atlas.document.version
    return {
        "layers": [
            {"id": layer_id, "title": words.title(each.layer), "chosen": layer_id == chosen}
            for layer_id, each in atlas.layers.items()
        ],
        "asked": asked,
        "revisions": [{"number": each.number, "words": _state(words, each)} for each in known],
        "blocks": [_block(published, words, each) for each in pairs],
        "map_href": href("/", words, compare=_written(chosen or "", asked)) if asked else None,
        "plan_href": plan_href(atlas.catalogue.plan, words, "compare")
        if version is not None and version.number > 1
        else None,
    }


def _written(layer_id: str, asked: Mapping[str, str]) -> str:
    return f"{layer_id}@{asked.get('from', '')},{layer_id}@{asked.get('to', '')}"


def _block(published: Published, words: Wording, pair: Pair) -> dict[str, Any]:
    """Return what is shown of one layer."""
    snapshot, layer = pair.layer, pair.layer.layer
    compared = published.differences(snapshot, pair.old, pair.new, _MOST)
    before = None if pair.old is None else published.revision(snapshot, pair.old)
    ends = {"from": 0 if pair.old is None else pair.old.number, "to": pair.new.number}
    path = f"/api/collections/{quote(layer.id, safe='')}/diff"
    language = {"lang": "en"} if words.language == "en" else {}
    listed = max(compared.added, compared.removed, compared.changed) <= _MOST
    return {
        "id": layer.id,
        "title": words.title(layer),
        "old": _state(words, pair.old),
        "new": _state(words, pair.new),
        "counts": compared,
        "rows": list(_rows(words, snapshot, compared)),
        "is_complete": listed,
        "pictures": _pictures(published, words, pair, before, compared),
        "api_href": f"{path}?{urlencode({**ends, 'f': 'html', **language})}",
        "map_href": href("/", words, compare=f"{layer.id}@{ends['from']},{layer.id}@{ends['to']}")
        if is_listed(snapshot)
        else None,
    }


def _state(words: Wording, revision: PublicRevision | None) -> str:
    if revision is None:
        return words.gettext("还没有数据")
    return words.say("第 {number} 版（{day}）", number=revision.number, day=day(revision.created))


def _rows(
    words: Wording, snapshot: ServedLayer, compared: Compared[PublicRevision]
) -> Iterable[dict[str, Any]]:
    difference = compared.difference
    for change in difference.changed:
        yield _row(words, snapshot, compared.now[change.id], "changed", change)
    for feature in difference.added:
        yield _row(words, snapshot, feature, "added")
    for feature in difference.removed:
        yield _row(words, snapshot, feature, "removed")


def _row(
    words: Wording,
    snapshot: ServedLayer,
    feature: Feature,
    state: str,
    change: Changed | None = None,
) -> dict[str, Any]:
    layer = snapshot.layer
    is_there = is_listed(snapshot) and snapshot.feature(feature.id) is not None
    return {
        "state": {
            "changed": words.gettext("改动"),
            "added": words.gettext("新增"),
            "removed": words.gettext("撤下"),
        }[state],
        "code": state,
        "name": words.text(feature.properties, "name") or layer.name_of(feature),
        "href": feature_href(layer.id, feature.id, words),
        "map_href": href("/", words, f=f"{layer.id}/{feature.id}") if is_there else None,
        "fields": [] if change is None else [words.column(layer, name) for name in change.fields],
        "moved": change is not None and change.geometry,
        "moved_m": None if change is None else change.moved_m,
    }


def _pictures(
    published: Published,
    words: Wording,
    pair: Pair,
    before: ServedLayer | None,
    compared: Compared[PublicRevision],
) -> list[dict[str, Any]]:
    """Return the old and the new state as maps of the same view; none where no shape differs."""
    difference = compared.difference
    changed = [each.id for each in difference.changed]
    was = [] if before is None else [before.feature(id_) for id_ in changed]
    old = [*difference.removed, *(each for each in was if each is not None)]
    new = [*difference.added, *(compared.now[id_] for id_ in changed)]
    sides = [(_state(words, pair.old), before, "old", old)]
    sides.append((_state(words, pair.new), published.revision(pair.layer, pair.new), "new", new))
    drawn = [each.geometry for each in [*old, *new] if each.geometry is not None]
    if not drawn:
        return []
    ground = ground_shapes(words.atlas, zone_names(words.atlas, words))
    view = view_of([*(each.geometry for each in ground), *drawn])
    return [
        {"name": name, "side": side, "svg": svg_map(view, [*ground, *shapes], _label(words, name))}
        for name, snapshot, side, differing in sides
        for shapes in [list(_shapes(snapshot, side, differing))]
    ]


def _label(words: Wording, name: str) -> Markup | str:
    return words.say("地图：{title}", title=name)


def _shapes(snapshot: ServedLayer | None, side: str, differing: list[Feature]) -> Iterable[Shape]:
    """Yield what is the same on both sides, and over it what differs: the old with dashes."""
    ids = {each.id for each in differing}
    if snapshot is not None and is_listed(snapshot):
        for feature in snapshot.features:
            if feature.geometry is not None and feature.id not in ids:
                yield Shape("rest", feature.geometry)
    for feature in differing:
        if feature.geometry is not None:
            yield Shape(side, feature.geometry, is_sketch=side == "old")
