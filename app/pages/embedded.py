"""What an embedded map shows, read from its address and written into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from app.maps.figure import WHOLE_ATLAS
from app.maps.styles import style_record
from layers.errors import InvalidParameter
from layers.facets import parse_selection

from .given import known_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from layers.facets import Selection
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

FAINTEST = 10
"""Per cent of opacity below which nothing can be seen."""


class Embedded(NamedTuple):
    """What an embedded map shows.

    Attributes
    ----------
    layers : tuple of str
        Ids in drawing order, without frames, which are always there.
    ref : str or None
        The feature that is marked and shown, as ``layer/feature``.
    selection : Mapping
        Chosen values by facet; everything else is left out.
    fades : Mapping
        Opacity in per cent by layer, of those that are not drawn in full.
    has_list : bool
        Whether everything shown stands in a list too.
    unknown : tuple of str
        What the address names and nobody knows.
    """

    layers: tuple[str, ...]
    ref: str | None
    selection: Selection
    fades: Mapping[str, int]
    has_list: bool
    unknown: tuple[str, ...]


def can_be_embedded(atlas: Atlas) -> list[ServedLayer]:
    """Return the layers to choose from: all but the frames, which every map has."""
    return [each for each in atlas.layers.values() if style_record(each.layer.style)["interactive"]]


def parse_embedded(name: str, given: Mapping[str, str], atlas: Atlas) -> Embedded:
    """Return what an address asks for; what cannot be used is left out and named.

    Parameters
    ----------
    name : str
        A layer, or `WHOLE_ATLAS` for those that ``layers`` names.
    given : Mapping
        ``layers``, ``f``, ``opacity``, ``list`` and the facets, as on the atlas page.
    """
    choices = [each.layer.id for each in can_be_embedded(atlas)]
    asked = _names(given.get("layers", "")) if name == WHOLE_ATLAS else [name]
    layers = tuple(each for each in choices if each in asked) or tuple(choices)
    if name != WHOLE_ATLAS:
        layers = (name,)
    ref = given.get("f") or None
    unknown = [each for each in asked if each not in atlas.layers]
    if ref is not None and atlas.feature(ref) is None:
        unknown.append(ref)
        ref = None
    selection, refused = _selection(given)
    selection, strange = known_values(atlas, selection, atlas.listed.values())
    fades, unread = _fades(given.get("opacity", ""), atlas)
    unknown += [*refused, *strange, *unread]
    short = tuple(dict.fromkeys(each[:60] for each in unknown))
    return Embedded(layers, ref, selection, fades, given.get("list") == "1", short)


def embedded_path(shown: Embedded, choices: Iterable[str], language: str) -> str:
    """Return the address of an embedded map, with only what differs from the defaults."""
    query = []
    name = WHOLE_ATLAS
    if len(shown.layers) == 1:
        (name,) = shown.layers
    elif shown.layers != tuple(choices):
        query.append(f"layers={','.join(map(_quoted, shown.layers))}")
    if shown.ref:
        query.append(f"f={_quoted(shown.ref)}")
    for facet, chosen in shown.selection.items():
        query.append(f"{facet}={','.join(map(_quoted, sorted(chosen)))}")
    if shown.fades:
        fades = ",".join(f"{_quoted(id_)}:{percent}" for id_, percent in shown.fades.items())
        query.append(f"opacity={fades}")
    query += ["list=1"] if shown.has_list else []
    query += ["lang=en"] if language == "en" else []
    return f"/maps/{quote(name, safe='')}{'?' if query else ''}{'&'.join(query)}"


def _quoted(text: str) -> str:
    return quote(text, safe="/")


def _names(text: str) -> list[str]:
    return [each for each in text.split(",") if each]


def _selection(given: Mapping[str, str]) -> tuple[Selection, list[str]]:
    left: dict[str, str] = dict(given)
    refused: list[str] = []
    while True:
        try:
            return parse_selection(left), refused
        except InvalidParameter as error:
            refused.append(f"{error.parameter}={left.pop(error.parameter)}")


def _fades(text: str, atlas: Atlas) -> tuple[dict[str, int], list[str]]:
    """Return opacities as the atlas page has them in its address: ``zones:60,places:30``."""
    fades, unread = {}, []
    for part in _names(text):
        id_, _, percent = part.partition(":")
        if id_ not in atlas.layers or not (percent.isascii() and percent.isdecimal()):
            unread.append(part)
            continue
        # Longer numbers are no faint ones.
        shown = min(100, max(FAINTEST, int(percent[:4])))
        if shown < 100:
            fades[id_] = shown
    return fades, unread
