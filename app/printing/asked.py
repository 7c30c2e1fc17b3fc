"""What a request for a sheet asks for, read strictly."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import shapely

from app.api.parameters import (
    numbers,
    parse_bbox,
    parse_items_query,
    queryable_names,
    whole_number,
)
from app.api.years import year_filter
from app.maps.styles import is_ground
from layers.days import CHINA
from layers.errors import InvalidParameter
from layers.measure import from_4548
from layers.model import BBox
from layers.printing import LARGEST_SCALE, PAPERS, SMALLEST_SCALE, Paper, View, fitting_scale
from layers.served import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.published import Published
    from layers.served import Query, ServedLayer
    from layers.snapshot import Atlas
    from layers.years import YearFilter

OWN = ("format", "paper", "orientation", "bbox", "center", "scale", "layers", "title", "lang")
"""Parameters of the sheet itself; all others filter, as they do at /api."""

YEAR = ("year", "undated")
"""Parameters of the map page that leave what the plan dates to a year."""

NOT_HERE = (
    "limit",
    "offset",
    "after",
    "crs",
    "sortby",
    "properties",
    "skipGeometry",
    "bbox-crs",
    "f",
)

FORMATS = {"pdf": "application/pdf", "png": "image/png"}

LONGEST_TITLE = 60


class Asked(NamedTuple):
    """A sheet that somebody asks for.

    Attributes
    ----------
    layers : tuple
        Each layer in the revision that is asked for, and what of it; the lowest first.
    filters : tuple of (str, str)
        Names and values of the parameters that narrow down what is drawn.
    year : YearFilter or None
        What a year of the plan leaves of that.
    """

    form: str
    paper: Paper
    view: View
    title: str
    layers: tuple[tuple[ServedLayer, Query], ...]
    filters: tuple[tuple[str, str], ...]
    revision: str | None
    year: YearFilter | None = None


def parse_asked(pairs: list[tuple[str, str]], atlas: Atlas, published: Published) -> Asked:
    """Return what a request asks for.

    Raises
    ------
    InvalidParameter
        If a parameter is unknown, repeated or malformed; it names the parameter.
    NotFound
        If there is no such revision.
    """
    given = _once(pairs)
    paper = _paper(given)
    form = _choice("format", given.get("format", "pdf"), FORMATS)
    heads = _layers(given, atlas)
    # A layer's own column of that name goes before the plan's years, as it does at /api.
    of_plan = not any("year" in queryable_names(each.layer) for each in heads)
    own = (*OWN, *YEAR) if of_plan else OWN
    filters = tuple((name, value) for name, value in given.items() if name not in own)
    layers = tuple(_with_queries(heads, filters, published))
    return Asked(
        form,
        paper,
        _view(given, paper, atlas),
        _title(given.get("title", "")),
        layers,
        tuple(each for each in filters if each[0] != "revision"),
        given.get("revision"),
        year_filter(given, atlas) if of_plan else None,
    )


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in NOT_HERE:
            raise InvalidParameter(
                name, f"There is no parameter {name} of a sheet; take {', '.join(OWN)} or a filter."
            )
        if name in given:
            raise InvalidParameter(name, f"Parameter {name} is given twice; give it once.")
        given[name] = value
    _choice("lang", given.get("lang", "zh"), ("zh", "en"))
    return given


def _choice(name: str, text: str, choices: Iterable[str]) -> str:
    known = tuple(choices)
    if text not in known:
        raise InvalidParameter(
            name, f"Parameter {name} is {text[:40]!r}; it must be {' or '.join(known)}."
        )
    return text


def _paper(given: Mapping[str, str]) -> Paper:
    paper = PAPERS[_choice("paper", given.get("paper", "A4"), PAPERS)]
    direction = given.get("orientation", "portrait")
    turned = _choice("orientation", direction, ("portrait", "landscape")) == "landscape"
    return paper.turned() if turned else paper


def _title(text: str) -> str:
    if len(text) > LONGEST_TITLE:
        raise InvalidParameter(
            "title",
            f"Parameter title has {len(text)} characters; {LONGEST_TITLE} have room on a sheet.",
        )
    # The title names the file too: a mark that turns the line would hide what kind it is.
    shown = (each for each in text if each.isspace() or unicodedata.category(each)[0] != "C")
    return " ".join("".join(shown).split())


def _layers(given: Mapping[str, str], atlas: Atlas) -> list[ServedLayer]:
    """Return the layers that are asked for in drawing order; those that are listed without it."""
    if "layers" not in given:
        return list(atlas.listed.values())
    names = [name for name in given["layers"].split(",") if name]
    for name in names:
        if name not in atlas.layers:
            raise InvalidParameter(
                "layers",
                f"Parameter layers: there is no layer {name[:60]}; there are "
                f"{', '.join(atlas.layers)}.",
            )
    if not names:
        raise InvalidParameter("layers", "Parameter layers names no layer; leave it out for all.")
    return [layer for id_, layer in atlas.layers.items() if id_ in names]


def _with_queries(
    layers: list[ServedLayer], filters: tuple[tuple[str, str], ...], published: Published
) -> Iterable[tuple[ServedLayer, Query]]:
    """Yield each layer in its revision, with what is asked of it.

    The ground (frames, named areas) is drawn whole, as the atlas page does.
    """
    revision = dict(filters).get("revision")
    narrowed = [each for each in filters if each[0] != "revision"]
    for head in layers:
        ground = is_ground(head.layer.style) and len(layers) > 1
        query = EVERYTHING if ground else parse_items_query(narrowed, head.layer).query
        if revision is None:
            yield head, query
        else:
            yield published.revision(head, head.history.find(revision, zone=CHINA)), query


def _view(given: Mapping[str, str], paper: Paper, atlas: Atlas) -> View:
    frame = paper.map_box
    whole = whole_bbox(atlas)
    if "bbox" in given and "center" in given:
        raise InvalidParameter(
            "center", "Parameters bbox and center name two extents; give one of them."
        )
    bbox = parse_bbox(given["bbox"]) if "bbox" in given else whole
    if bbox.west > bbox.east:
        raise InvalidParameter("bbox", "Parameter bbox crosses the antimeridian; no sheet does.")
    place = ((bbox.west + bbox.east) / 2, (bbox.south + bbox.north) / 2)
    if "center" in given:
        longitude, latitude = numbers("center", given["center"], 2)
        place, bbox = (longitude, latitude), whole
    _refuse_elsewhere("center" if "center" in given else "bbox", place, whole)
    scale = _scale(given["scale"]) if "scale" in given else fitting_scale(bbox, frame)
    return View.around(*place, scale, frame)


def _refuse_elsewhere(name: str, place: tuple[float, float], whole: BBox) -> None:
    around = shapely.box(*whole).buffer(max(whole.east - whole.west, whole.north - whole.south))
    if not around.contains(shapely.Point(place)):
        raise InvalidParameter(
            name,
            f"Parameter {name} is far from everything that is drawn, which lies in "
            f"{','.join(f'{side:.3f}' for side in whole)}.",
        )


def _scale(text: str) -> int:
    scale = whole_number("scale", text)
    if not LARGEST_SCALE <= scale <= SMALLEST_SCALE:
        raise InvalidParameter(
            "scale",
            f"Parameter scale is {scale}; it must be from {LARGEST_SCALE} to {SMALLEST_SCALE}, "
            "for 1:n.",
        )
    return scale


def whole_bbox(atlas: Atlas) -> BBox:
    """Return the box of all that is drawn one by one; of Shizhong where nothing is."""
    boxes = [layer.bbox for layer in atlas.listed.values() if layer.bbox is not None]
    if not boxes:
        return BBox(116.8, 36.4, 117.1, 36.7)
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.union(box)
    return whole


def view_bbox(view: View) -> BBox:
    """Return a view's box in degrees, as an address has it: rounded to a decimetre."""
    return BBox(*(round(side, 6) for side in from_4548(view.ground).bounds))
