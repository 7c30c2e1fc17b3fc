"""A small still map as SVG: it works without scripts, prints, and weighs a few kilobytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from markupsafe import Markup, escape
from shapely.geometry import Point

from layers.measure import from_4548, to_4548
from layers.snapshot import is_listed

from .anchors import label_point
from .styles import feature_colour, is_ground, style_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from layers.model import Feature, Layer
    from layers.snapshot import Atlas

WIDTH, HEIGHT = 640, 420
_LEAST_M = 4_000.0
"""Metres across that a map shows at least: a place needs something around it to be known by."""

_ROOM = 1.6
_BAR_SHARE = 0.28
_SKETCH = frozenset(["P3", "P4"])


class Shape(NamedTuple):
    """Something to draw.

    Attributes
    ----------
    role : str
        ``frame``, ``ground``, ``halo``, ``focus``, ``area``, ``here``, or of a comparison ``rest``,
        ``old`` or ``new``.
    is_sketch : bool
        Whether its line is dashed.
    """

    role: str
    geometry: BaseGeometry
    colour: str = "#1D3557"
    is_sketch: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What part of the earth is drawn, and how large.

    Attributes
    ----------
    west, north : float
        CRS84 degrees of the upper left corner.
    x_scale, y_scale : float
        Pixels of a degree.
    metre : float
        Pixels of a metre, in the middle of the view.
    """

    west: float
    north: float
    x_scale: float
    y_scale: float
    metre: float
    width: int = WIDTH
    height: int = HEIGHT

    def pixels(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return a geometry in pixels, cut to the view and as fine as it can be seen."""

        def flat(positions: NDArray[np.float64]) -> NDArray[np.float64]:
            x = (positions[:, 0] - self.west) * self.x_scale
            y = (self.north - positions[:, 1]) * self.y_scale
            return np.column_stack([x, y])

        drawn = shapely.transform(geometry, flat)
        cut = shapely.clip_by_rect(drawn, -20, -20, self.width + 20, self.height + 20)
        return shapely.simplify(cut, 0.4)


def view_of(
    geometries: Iterable[BaseGeometry], *, width: int = WIDTH, height: int = HEIGHT
) -> View:
    """Return a view with room around some geometries in CRS84 degrees."""
    west, south, east, north = shapely.total_bounds(np.array(list(geometries), dtype=object))
    latitude = (south + north) / 2
    metres_y = 111_132.0
    metres_x = 111_320.0 * math.cos(math.radians(latitude))
    wide = max((east - west) * metres_x * _ROOM, _LEAST_M)
    high = max((north - south) * metres_y * _ROOM, _LEAST_M * height / width)
    metre = min(width / wide, height / high)
    x_scale, y_scale = metre * metres_x, metre * metres_y
    return View(
        (west + east) / 2 - width / 2 / x_scale,
        latitude + height / 2 / y_scale,
        x_scale,
        y_scale,
        metre,
        width,
        height,
    )


def ground_shapes(atlas: Atlas, names: dict[str, str]) -> list[Shape]:
    """Return the frame and the named areas that everything lies on.

    Parameters
    ----------
    names : dict
        What to write on an area, by ``layer/feature``.
    """
    return [
        Shape(
            "ground" if style_record(snapshot.layer.style)["fill"] else "frame",
            feature.geometry,
            feature_colour(snapshot.layer.style, feature.id, feature.properties),
            is_sketch=feature.properties.get("precision") in _SKETCH,
            name=names.get(f"{snapshot.layer.id}/{feature.id}", ""),
        )
        for snapshot in atlas.layers.values()
        if is_listed(snapshot) and is_ground(snapshot.layer.style)
        for feature in snapshot.features
        if feature.geometry is not None
    ]


def feature_shapes(layer: Layer, feature: Feature) -> Iterator[Shape]:
    """Yield a feature, below it how far it may be from there."""
    if feature.geometry is None:
        return
    colour = feature_colour(layer.style, feature.id, feature.properties)
    uncertainty = float(feature.properties.get("uncertainty_m") or 0)
    if uncertainty and not is_ground(layer.style):
        yield Shape("halo", from_4548(to_4548(feature.geometry).buffer(uncertainty)), colour)
    sketched = feature.properties.get("precision") in _SKETCH
    yield Shape("focus", feature.geometry, colour, is_sketch=sketched)


def here_shape(longitude: float, latitude: float) -> Shape:
    """Return the mark of a position in CRS84 degrees."""
    return Shape("here", Point(longitude, latitude))


def svg_map(view: View, shapes: Sequence[Shape], label: str, *, drawable: bool = False) -> Markup:
    """Return a map as an SVG element, for a page whose style sheet knows its classes.

    Parameters
    ----------
    label : str
        What it shows, for whoever cannot see it.
    drawable : bool
        Whether a script may draw on it: then it says where its corner is, and its scale.
    """
    place = (
        f' data-west="{view.west:.7f}" data-north="{view.north:.7f}"'
        f' data-x="{view.x_scale:.4f}" data-y="{view.y_scale:.4f}"'
    )
    drawn = [(each, view.pixels(each.geometry)) for each in shapes]
    parts = [_path(shape, pixels) for shape, pixels in drawn if not pixels.is_empty]
    parts += [_name(view, shape, pixels) for shape, pixels in drawn if shape.name]
    return Markup(  # noqa: S704  every text in it is escaped
        f'<svg class="picture" viewBox="0 0 {view.width} {view.height}" role="img" '
        f'aria-label="{escape(label)}" focusable="false"{place if drawable else ""}>'
        f"{''.join(parts)}{_bar(view)}</svg>"
    )


def _path(shape: Shape, pixels: BaseGeometry) -> str:
    is_line = pixels.geom_type in {"LineString", "MultiLineString"}
    kind = f"pic-{shape.role}{' pic-line' if is_line else ''}"
    dash = ' stroke-dasharray="7 5"' if shape.is_sketch else ""
    paint = f'class="{kind}" color="{shape.colour}"{dash}'
    points = [part for part in shapely.get_parts(pixels) if part.geom_type == "Point"]
    if points:
        radius = 9 if shape.role == "here" else 8
        circles = [
            f'<circle cx="{each.x:.1f}" cy="{each.y:.1f}" r="{radius}" {paint}/>' for each in points
        ]
        return "".join(circles)
    return f'<path d="{_steps(pixels)}" {paint}/>'


def _steps(pixels: BaseGeometry) -> str:
    steps = []
    for part in shapely.get_parts(pixels):
        is_area = part.geom_type == "Polygon"
        for ring in [part.exterior, *part.interiors] if is_area else [part]:
            places = " ".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords)
            steps.append(f"M{places}{'Z' if is_area else ''}")
    return "".join(steps)


def _name(view: View, shape: Shape, pixels: BaseGeometry) -> str:
    inside = shapely.clip_by_rect(pixels, 50, 24, view.width - 50, view.height - 34)
    if inside.is_empty:
        return ""
    place = label_point(inside)
    return (
        f'<text class="pic-name" x="{place.x:.0f}" y="{place.y:.0f}" text-anchor="middle">'
        f"{escape(shape.name)}</text>"
    )


def bar_metres(view: View) -> int:
    """Return how long the scale bar is: 1, 2 or 5 times a power of ten, in metres."""
    most = view.width * _BAR_SHARE / view.metre
    power = 10 ** math.floor(math.log10(most))
    return int(max(step * power for step in (1, 2, 5) if step * power <= most))


def _bar(view: View) -> str:
    metres = bar_metres(view)
    length, y = metres * view.metre, view.height - 16
    words = f"{metres // 1000} km" if metres >= 1000 else f"{metres} m"
    return (
        f'<path class="pic-bar" d="M16 {y - 5}V{y}H{16 + length:.1f}V{y - 5}"/>'
        f'<text class="pic-words" x="{22 + length:.0f}" y="{y + 2}">{words}</text>'
        f'<path class="pic-north" d="M{view.width - 24} 34l8 -20 8 20 -8 -5z"/>'
        f'<text class="pic-words" x="{view.width - 16}" y="50" text-anchor="middle">N</text>'
    )
