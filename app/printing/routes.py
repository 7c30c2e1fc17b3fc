"""Where sheets are asked for: a form for people, and the files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.access import PUBLIC
from app.api.parameters import query_pairs
from app.dependencies import AtlasDep, PublishedDep, SettingsDep, TemplatesDep
from app.i18n import parse_language
from app.kept import Kept
from app.links import attachment
from app.pages.answers import is_known, page_response
from app.problems import problem
from app.rate import Rate
from layers.errors import InvalidParameter, NotFound
from layers.facets import FACETS
from layers.printing import LARGEST_SCALE, PAPERS, SMALLEST_SCALE, Printer

from .asked import FORMATS, LONGEST_TITLE, OWN, YEAR, parse_asked, view_bbox
from .sheets import filter_words, make_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from app.wording import Wording
    from layers.printing import Sheet
    from layers.snapshot import Atlas

    from .asked import Asked

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

RATE = "60/minute"
"""Sheets that one client may order from a worker: each costs about a second."""

_KEPT = 50_000_000
"""Bytes of sheets that are kept: the preview is followed by the file, often several times."""


class Sheets:
    """Draws sheets, and keeps those that were asked for last.

    Parameters
    ----------
    folder : Path
        Where the processes that draw keep what they know of fonts.
    """

    def __init__(self, folder: Path) -> None:
        self._printer = Printer(folder)
        self.rate = Rate(RATE)
        self._kept: Kept[bytes] = Kept(_KEPT, len)

    def draw(self, sheet: Sheet, form: str) -> bytes:
        """Return a sheet as a file; see `layers.printing.Printer.draw`."""
        return self._kept.get((sheet, form), lambda: self._printer.draw(sheet, form))

    def warm(self) -> None:
        """Have a process ready before anybody asks."""
        self._printer.warm()

    def close(self) -> None:
        """End the processes that draw."""
        self._printer.close()


def get_sheets(request: Request) -> Sheets:
    """Return what draws sheets."""
    return cast("Sheets", request.app.state.sheets)


@router.api_route("/print", methods=["GET", "HEAD"])
def get_print(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    settings: SettingsDep,
) -> Response:
    """Return a sheet as PDF or PNG, or without ``format`` the page on which it is put together."""
    pairs = query_pairs(request.scope["query_string"])
    language = parse_language(request.query_params.get("lang"))
    words = templates.wording(atlas, language)
    if "format" not in request.query_params:
        return _form(request, pairs, atlas, published, templates, words)
    asked = parse_asked(pairs, atlas, published)
    sheets = get_sheets(request)
    host = request.client.host if request.client else ""
    if not sheets.rate.allows(host):
        return _too_often(request, sheets, host)
    content = sheets.draw(make_sheet(asked, words, settings.review_number), asked.form)
    return _file(request, asked, words.title(atlas.catalogue), content)


def _too_often(request: Request, sheets: Sheets, host: str) -> Response:
    wait = sheets.rate.wait_s(host)
    sentence = f"More than {RATE} sheets came from your address; print again in {wait} s."
    answer = problem(request, 429, sentence, code="too-many-requests")
    answer.headers["Retry-After"] = str(wait)
    return answer


def _file(request: Request, asked: Asked, usual: str, content: bytes) -> Response:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    scale = f"-1-{asked.view.scale}-{asked.paper.name}"
    named = attachment(f"shizhong-atlas{scale}", asked.title or usual, scale, asked.form)
    # A browser shows it, and knows what to call it if it is kept.
    headers["Content-Disposition"] = named.replace("attachment", "inline", 1)
    return Response(content, media_type=FORMATS[asked.form], headers=headers)


def _form(
    request: Request,
    pairs: list[tuple[str, str]],
    atlas: Atlas,
    published: Any,
    templates: Any,
    words: Wording,
) -> Response:
    """Return the page; what cannot be used in its address gives a notice, and the rest works."""
    unused: list[str] = []
    # Fields that were left empty are not meant.
    pairs = [(name, value) for name, value in pairs if value]
    while True:
        try:
            asked = parse_asked(pairs, atlas, published)
            break
        except InvalidParameter as error:
            name = error.parameter
        except NotFound:
            name = "revision"
        unused.append(name[:60])
        left = [pair for pair in pairs if pair[0] != name]
        pairs = left if len(left) < len(pairs) else []
    context = _form_context(pairs, asked, atlas, words)
    named = ", ".join(unused)
    notice = words.say("链接里的“{name}”用不了，已略去。", name=named) if unused else None
    return page_response(
        request,
        templates.render("print.html", atlas=atlas, lang=words.language, notice=notice, **context),
    )


def _form_context(
    pairs: list[tuple[str, str]], asked: Asked, atlas: Atlas, words: Wording
) -> dict[str, Any]:
    given = dict(pairs)
    shown = [served.layer.id for served, _ in asked.layers]
    query = urlencode([pair for pair in pairs if pair[0] != "format"])
    join = f"{query}&" if query else ""
    other = [pair for pair in pairs if pair[0] != "lang"]
    if words.language == "zh":
        other.append(("lang", "en"))
    return {
        "papers": list(PAPERS),
        "paper": asked.paper.name,
        "orientation": "landscape" if asked.paper.is_landscape else "portrait",
        "scale": given.get("scale", ""),
        "fitting": asked.view.scale,
        "scales": (LARGEST_SCALE, SMALLEST_SCALE),
        "title": asked.title,
        "longest": LONGEST_TITLE,
        "extent": ",".join(map(str, view_bbox(asked.view))),
        "kept": [pair for pair in pairs if pair[0] not in OWN or pair[0] in {"bbox", "center"}],
        "layers": [
            {"id": id_, "title": words.title(layer.layer), "chosen": id_ in shown}
            for id_, layer in atlas.layers.items()
        ],
        "filter": filter_words(asked, words),
        "png": f"/print?{join}format=png",
        "pdf": f"/print?{join}format=pdf",
        "map_href": f"/?{urlencode(_of_map(pairs, asked))}",
        "self_href": "/print",
        "switch_href": f"/print?{urlencode(other)}" if other else "/print",
        "width": round(asked.paper.width * 10),
        "height": round(asked.paper.height * 10),
    }


def _of_map(pairs: list[tuple[str, str]], asked: Asked) -> list[tuple[str, str]]:
    """Return what the map page understands of the parameters of a sheet."""
    paper = asked.paper
    direction = "landscape" if paper.is_landscape else "portrait"
    kept = [pair for pair in pairs if pair[0] in (*FACETS, *YEAR, "lang")]
    return [*kept, ("paper", paper.name), ("orientation", direction)]
