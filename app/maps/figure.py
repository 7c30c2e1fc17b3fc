"""Folium maps of the atlas, built once per published state and taken apart for a strict page.

A Folium figure renders to one HTML page with scripts and styles in it. The atlas allows neither
inline, so the parts are taken separately: links for the template, one ``<div>``, and a script
that is served as a file of its own. The maps carry no data: each layer is an empty Folium GeoJson
which the page fills.
"""

from __future__ import annotations

import hashlib
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import folium
from branca.element import CssLink, JavascriptLink
from folium.utilities import JsCode

from .anchors import label_anchors
from .elements import Bridge, Frame, MetricScale, StyleRules
from .styles import style_record, style_rules
from .vendor import localise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from branca.element import Element, Figure

    from app.assets import StaticTree
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

WHOLE_ATLAS = "atlas"
"""Name of the map that shows every layer."""

UNUSED_LINKS = frozenset(
    [
        "jquery",
        "bootstrap",
        "bootstrap_css",
        "glyphicons_css",
        "awesome_markers",
        "awesome_markers_css",
        "awesome_markers_font_css",
        "awesome_rotate_css",
    ]
)
"""Folium's default links that a map without its markers and popups does not need."""

_LOWEST_PANE = 410
_MARGIN = 1.5
"""Room around everything, in its own sizes: a phone's panel may cover half of the map."""
_MAX_ZOOM = 17
_WORLD = (-180.0, -85.0, 180.0, 85.0)


@dataclass(frozen=True, slots=True)
class RenderedMap:
    """The parts of a map that a template puts together.

    Attributes
    ----------
    digest : str
        Of the script's bytes; part of its address, so that it can be kept for ever.
    body : str
        The element that the script draws into; trusted HTML.
    anchors : Mapping
        Latitude and longitude at which a feature's name is written, by ``layer/feature``.
    """

    name: str
    digest: str
    stylesheets: tuple[str, ...]
    scripts: tuple[str, ...]
    body: str
    script: bytes
    anchors: Mapping[str, tuple[float, float]]

    @property
    def script_url(self) -> str:
        """The address of the map's own script."""
        return f"/maps/{self.name}.{self.digest}.js"


Before: TypeAlias = "tuple[Atlas, Mapping[str, RenderedMap]]"


def build_maps(
    atlas: Atlas, assets: StaticTree, before: Before | None = None
) -> Mapping[str, RenderedMap]:
    """Return the map of the whole atlas and one map per layer, by name.

    Parameters
    ----------
    atlas : Atlas
        The published state; only titles, styles and bounds are read.
    assets : StaticTree
        Where the local copies of Folium's scripts and styles lie.
    before : tuple of Atlas and Mapping, optional
        An older state and its maps; a map of layers that have not changed is taken from them.

    Returns
    -------
    Mapping
        `RenderedMap` by name: ``atlas`` and the id of every layer.

    Raises
    ------
    UnknownAsset
        If a map links to a file that has no local copy.
    """
    bounds = _bounds(atlas.layers.values())
    maps = {}
    for name in (WHOLE_ATLAS, *atlas.layers):
        shown = _shown_on(atlas, name)
        if before is not None and _is_same(before[0], name, shown, bounds):
            maps[name] = before[1][name]
        else:
            maps[name] = _render(name, shown, bounds, assets)
    return maps


def _shown_on(atlas: Atlas, name: str) -> list[ServedLayer]:
    return list(atlas.layers.values()) if name == WHOLE_ATLAS else with_frames(atlas, name)


def _is_same(
    old: Atlas,
    name: str,
    shown: Sequence[ServedLayer],
    bounds: tuple[float, float, float, float],
) -> bool:
    if name not in {WHOLE_ATLAS, *old.layers} or _bounds(old.layers.values()) != bounds:
        return False
    earlier = _shown_on(old, name)
    return len(earlier) == len(shown) and all(map(operator.is_, earlier, shown))


def with_frames(atlas: Atlas, layer_id: str) -> list[ServedLayer]:
    """Return a layer and, below it, the frames (layers that nobody can click)."""
    return [
        snapshot
        for snapshot in atlas.layers.values()
        if snapshot.layer.id == layer_id or not style_record(snapshot.layer.style)["interactive"]
    ]


def _render(
    name: str,
    snapshots: Sequence[ServedLayer],
    bounds: tuple[float, float, float, float],
    assets: StaticTree,
) -> RenderedMap:
    figure = _figure(name, snapshots, bounds)
    for child in list(figure._children.values()):
        child.render()
    localise(figure, assets, drop=UNUSED_LINKS)
    links = list(figure.header._children.values())
    script = _strip_lines(figure.script.render()).encode()
    return RenderedMap(
        name=name,
        digest=hashlib.sha256(script).hexdigest()[:16],
        stylesheets=tuple(link.url for link in links if isinstance(link, CssLink)),
        scripts=tuple(link.url for link in links if isinstance(link, JavascriptLink)),
        body=figure.html.render().strip(),
        script=script,
        anchors=label_anchors(snapshots),
    )


def _figure(
    name: str,
    snapshots: Sequence[ServedLayer],
    bounds: tuple[float, float, float, float],
) -> Figure:
    view = _map(bounds)
    view.add_child(StyleRules())
    layers = {}
    for height, snapshot in enumerate(snapshots):
        layer_id = snapshot.layer.id
        pane = f"atlas-{layer_id}"
        z_index = _LOWEST_PANE + height
        view.add_child(folium.map.CustomPane(pane, z_index=z_index, pointer_events=True))
        layers[layer_id] = _empty_layer(snapshot, pane)
        view.add_child(layers[layer_id])
    view.add_child(MetricScale("bottomright"))
    view.add_child(Bridge(view, layers, _corners(bounds)))
    figure = cast("Figure", view.get_root())
    _name_elements(figure, name)
    return figure


def _map(bounds: tuple[float, float, float, float]) -> folium.Map:
    west, south, east, north = bounds
    margin = _MARGIN * max(east - west, north - south)
    view = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=11,
        zoom_control=False,
        attribution_control=False,
        zoom_snap=0.25,
        zoom_delta=0.5,
        max_bounds_viscosity=0.8,
    )
    # Folium keeps these three for tile layers; a map without tiles must be told itself.
    view.options["min_zoom"] = 9
    view.options["max_zoom"] = _MAX_ZOOM
    view.options["max_bounds"] = [
        [max(south - margin, -85), west - margin],
        [min(north + margin, 85), east + margin],
    ]
    view.add_child(Frame(_corners(bounds)))
    return view


def _empty_layer(snapshot: ServedLayer, pane: str) -> folium.GeoJson:
    rules = style_rules(snapshot.layer.style)
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": []},
        name=snapshot.layer.title,
        pane=pane,
        smooth_factor=0.5,
        style=JsCode(f"atlasStyle({rules})"),
        point_to_layer=JsCode(f"atlasPoint({rules}, {pane!r})"),
    )


def _bounds(snapshots: Iterable[ServedLayer]) -> tuple[float, float, float, float]:
    """Return the box of all layers: the district's, and what reaches over its edge."""
    boxes = [snapshot.bbox for snapshot in snapshots if snapshot.bbox is not None]
    if not boxes:
        return _WORLD
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _corners(bounds: tuple[float, float, float, float]) -> list[list[float]]:
    west, south, east, north = bounds
    return [[south, west], [north, east]]


def _name_elements(root: Element, name: str) -> None:
    """Replace Folium's random ids, so that the same state gives the same bytes."""
    for number, element in enumerate(_walk(root)):
        element._id = f"{_identifier(name)}_{number}"


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():
        yield from _walk(child)


def _identifier(name: str) -> str:
    return "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in name)


def _strip_lines(script: str) -> str:
    """Drop the indentation and empty lines that Folium's templates leave."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line) + "\n"
