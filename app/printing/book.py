"""The atlas as a book: what stands on which page, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pypinyin import lazy_pinyin

from app.maps.styles import is_ground
from app.wording import day
from layers.printing import PAPERS, Book, Chapter, Cover, Entry, Term, View, fitting_scale
from layers.printing.binding import map_box
from layers.printing.paper import Box

from .asked import whole_bbox
from .sheets import drawn_of, notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.wording import Wording
    from layers.model import BBox, Feature, Layer
    from layers.printing import Drawn
    from layers.snapshot import LayerSnapshot

_CLOSEST = 30_000
"""1:n of the map of a point: what lies around it must be on it too."""

_PAPER = PAPERS["A4"]


def make_book(words: Wording, review_number: str | None) -> Book:
    """Return the whole atlas as a book."""
    atlas = words.atlas
    zones = [each for each in atlas.listed.values() if each.layer.style.get("label") == "always"]
    others = [each for each in atlas.listed.values() if not is_ground(each.layer.style)]
    # What the plan commits itself to has pages; mere places stand in the index.
    projects = [
        each for each in others if any(f.properties.get("commitment") for f in each.features)
    ]
    chapters = [
        Chapter(words.title(each.layer), tuple(_entry(each.layer, f, words) for f in each.features))
        for each in zones
    ]
    chapters += [
        Chapter(title, tuple(_entry(each.layer, feature, words) for feature in features))
        for each in projects
        for title, features in by_zone(each, words)
    ]
    chapters.append(_indicators(words))
    return Book(
        paper=_PAPER,
        language="en" if words.language == "en" else "zh-CN",
        cover=_cover(words),
        contents_title=words.gettext("目录"),
        chapters=tuple(each for each in chapters if each.entries or each.rows),
        index_title=words.gettext("地名索引"),
        index=tuple(_index(words, chapters)),
        notice=notice(words, review_number),
        north=words.gettext("北"),
        foot=_foot(words),
    )


def by_zone(served: LayerSnapshot, words: Wording) -> Iterator[tuple[str, list[Feature]]]:
    """Yield the features of a layer by zone, with a title; what is drawn before the rest."""
    members: dict[str | None, list[Feature]] = {
        code: [] for code in words.atlas.catalogue.codes.get("zone", {})
    }
    for feature in served.features:
        members.setdefault(feature.properties.get("zone"), []).append(feature)
    for zone, features in sorted(members.items(), key=lambda each: each[0] is None):
        name = words.code("zone", zone) if zone else words.gettext("全区与跨片区")
        title = words.say("{layer} · {zone}", layer=words.title(served.layer), zone=name)
        yield title, sorted(features, key=lambda each: each.geometry is None)


def _entry(layer: Layer, feature: Feature, words: Wording) -> Entry:
    known = words.view(layer, feature)
    subtitle = " · ".join(
        str(known[name]) for name in ("kind", "zone", "stage", "commitment") if known[name]
    )
    return Entry(
        ref=known["ref"],
        title=known["name"],
        subtitle=subtitle,
        summary=known["summary"],
        certainty=known["certainty"] or words.gettext("没有位置"),
        view=_view(feature.bbox),
        layers=() if feature.geometry is None else _around(layer, feature, words),
        lines=tuple(_lines(known, words)),
        cited_title=words.gettext("规划原文出处"),
        cited=tuple(f"{each['words']}　{each['title']}" for each in known["citations"]),
    )


def _lines(known: dict[str, Any], words: Wording) -> Iterator[tuple[str, str]]:
    named = (
        ("aliases", words.gettext("别名")),
        ("industries", words.gettext("产业")),
        ("area", words.gettext("面积")),
        ("zone_basis", words.gettext("片区依据")),
        ("precision_words", words.gettext("精度")),
        ("source", words.gettext("位置来源")),
        ("method", words.gettext("定位方法")),
    )
    for name, title in named:
        if known[name]:
            yield title, known[name]


def _view(bbox: BBox | None) -> View | None:
    if bbox is None:
        return None
    frame = map_box(_PAPER.width, _PAPER.height)
    scale = max(_CLOSEST, fitting_scale(bbox, frame))
    middle = (bbox.west + bbox.east) / 2, (bbox.south + bbox.north) / 2
    return View.around(*middle, scale, frame)


def _around(layer: Layer, feature: Feature, words: Wording) -> tuple[Drawn, ...]:
    """Return the ground, with the feature on it."""
    ground = [
        drawn_of(each.layer, [f for f in each.features if f.geometry is not None], words)
        for each in words.atlas.listed.values()
        if is_ground(each.layer.style) and each.layer.id != layer.id
    ]
    return (*ground, drawn_of(layer, [feature], words))


def _cover(words: Wording) -> Cover:
    atlas = words.atlas
    frame = Box(10.0, 52.0, _PAPER.width - 20.0, 170.0)
    whole = whole_bbox(atlas)
    middle = (whole.west + whole.east) / 2, (whole.south + whole.north) / 2
    listed = list(atlas.listed.values())
    plan = atlas.outline.title_en if words.language == "en" else atlas.outline.title
    newest = max((each.shown for each in atlas.layers.values()), key=lambda each: each.created)
    return Cover(
        title=words.title(atlas.catalogue),
        subtitle=words.title(atlas.catalogue, "tagline"),
        lines=(
            words.say("依据：{plan}", plan=plan),
            words.say("数据版本：{date}", date=day(newest.created)),
            " · ".join(
                words.say("{title} {count} 个", title=words.title(each.layer), count=each.count)
                for each in listed
            ),
            _text_line(words),
        ),
        view=View.around(*middle, fitting_scale(whole, frame), frame),
        layers=tuple(
            drawn_of(each.layer, [f for f in each.features if f.geometry is not None], words)
            for each in listed
        ),
    )


def _text_line(words: Wording) -> str:
    """Return whether the plan's text stands behind the citations."""
    if words.atlas.document.text is None:
        return words.gettext("规划原文没有导入：各页只列出处，不列原文。")
    return words.gettext("规划原文已经导入：各页的出处已与它核对。")


def _foot(words: Wording) -> str:
    newest = max(
        (each.shown for each in words.atlas.layers.values()), key=lambda each: each.created
    )
    return words.say(
        "{title} · 数据版本 {date} · 示意图，不作为法定规划依据",
        title=words.title(words.atlas.catalogue),
        date=day(newest.created),
    )


def _indicators(words: Wording) -> Chapter:
    """Return the plan's figures as a table, by theme."""
    known = words.atlas.indicators
    rows: list[tuple[str, ...]] = []
    for theme in known.themes:
        figures = [each for each in known.indicators if each.theme == theme]
        if figures:
            rows.append((words.theme(theme),))
        for each in figures:
            value = (
                f"{words.hedge(each.hedge)} {words.figure(each)} {words.unit(each.unit)}".strip()
            )
            cited = {
                "chapter": each.citation.chapter,
                "section": each.citation.section,
                "paragraph": each.citation.paragraph,
            }
            title = words.title(each, "name")
            kind = words.point(each.status)
            rows.append((title, each.period, kind, value, words.citation(cited)))
    return Chapter(words.gettext("指标"), rows=tuple(rows), widths=(0.36, 0.12, 0.09, 0.21, 0.22))


def _index(words: Wording, chapters: Sequence[Chapter]) -> Iterator[Term]:
    """Yield every name of every layer, by its letters, with the page that speaks of it."""
    pages = {entry.ref for chapter in chapters for entry in chapter.entries}
    by_id = {ref.partition("/")[2]: ref for ref in pages}
    by_name = {entry.title: entry.ref for chapter in chapters for entry in chapter.entries}
    terms: dict[str, str] = {}
    for served in words.atlas.listed.values():
        for feature in served.features:
            own = f"{served.layer.id}/{feature.id}"
            parent = by_id.get(str(feature.properties.get("parent")))
            zone = by_name.get(words.code("zone", feature.properties.get("zone")))
            ref = own if own in pages else parent or zone
            names = [words.text(feature.properties, "name") or served.layer.name_of(feature)]
            if words.language == "zh":
                names += feature.properties.get("aliases") or []
            for name in names:
                if ref is not None:
                    terms.setdefault(name, ref)
    yield from _lettered(terms)


def _lettered(terms: dict[str, str]) -> Iterator[Term]:
    last = ""
    spelled = sorted((" ".join(lazy_pinyin(name.strip("“”"))).lower(), name) for name in terms)
    for sound, name in spelled:
        letter = sound[:1].upper() if sound[:1].isascii() and sound[:1].isalpha() else "#"
        if letter != last:
            yield Term(letter, "")
            last = letter
        yield Term(name, terms[name])
