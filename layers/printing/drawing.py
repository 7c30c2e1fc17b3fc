"""The map of a sheet, and the sheet around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.measure import all_to_4548

from .paper import Box, bar_length_m
from .pen import INK, PAPER, POINT_MM, QUIET, Pen, width_of, with_opacity

if TYPE_CHECKING:
    from matplotlib.path import Path
    from numpy.typing import NDArray

    from .paper import View
    from .sheet import Drawn, LegendRow, Sheet, Style

_BEYOND = 5.0
"""Millimetres around the frame that shapes are cut at: edges along the cut stay unseen."""

_MANY = 1_000
"""Shapes of a layer from which on those of one style are drawn as one."""

_LABELS = 300
_LABEL_SIZE = 7.0
_POINT_SIZE = 34.0
_BAR_MM = 45.0


def draw_sheet(pen: Pen, sheet: Sheet) -> None:
    """Draw a sheet."""
    paper = sheet.paper
    _draw_head(pen, sheet)
    draw_map(pen, sheet.view, sheet.layers, sheet.notice, sheet.north)
    (_draw_side if paper.is_landscape else _draw_foot)(pen, sheet)


def draw_map(pen: Pen, view: View, layers: tuple[Drawn, ...], notice: str, north: str) -> None:
    """Draw a map in its frame, true to scale, with scale bar, north and notice.

    Parameters
    ----------
    layers : tuple of Drawn
        The lowest first.
    notice : str
        At the lower left.
    north : str
        The letter at the arrow.
    """
    clip = pen.frame(view.frame, weight=0.0, fill="#FBFAF6")
    named: list[tuple[bool, str, Any]] = []
    for height, layer in enumerate(layers):
        shapes = _on_paper(layer, view)
        _draw_shapes(pen, layer, shapes, clip, 2 + height)
        named += [
            (not layer.above, name, shape)
            for name, shape in zip(layer.names, shapes, strict=True)
            if name and shape is not None and not shape.is_empty
        ]
    named.sort(key=lambda each: each[0])
    taken = [_draw_bar(pen, view), _draw_north(pen, view.frame, north)]
    taken.append(_draw_notice(pen, view.frame, notice))
    _draw_names(pen, [each[1:] for each in named], view.frame, taken)
    pen.frame(view.frame).set_zorder(90)


def _on_paper(layer: Drawn, view: View) -> list[Any]:
    """Return the shapes in millimetres on paper, cut off beyond the frame."""
    ground = all_to_4548(shapely.from_wkb(np.array(layer.shapes, dtype=object)))
    factor, frame = view.millimetres, view.frame
    middle = frame.left + frame.width / 2, frame.bottom + frame.height / 2

    def place(positions: NDArray[np.float64]) -> NDArray[np.float64]:
        return (positions - (view.east, view.north)) * factor + middle

    flat = shapely.transform(ground, place)
    edges = frame.left - _BEYOND, frame.bottom - _BEYOND, frame.right + _BEYOND, frame.top + _BEYOND
    cut = shapely.clip_by_rect(flat, *edges) if len(flat) else flat
    return list(cut)


def _draw_shapes(pen: Pen, layer: Drawn, shapes: list[Any], clip: Any, height: int) -> None:
    """Draw areas, the largest first, then lines, then points."""
    sizes = shapely.area(np.array(shapes, dtype=object)) if shapes else ()
    order = np.argsort(-np.nan_to_num(np.asarray(sizes, dtype=float)), kind="stable")
    paths, styles, points = [], [], []
    for at in order.tolist():
        shape, style = shapes[at], layer.palette[layer.styles[at]]
        if shape is None or shape.is_empty:
            continue
        dimension = shapely.get_dimensions(shape)
        if dimension == 0:
            points += [(x, y, style) for x, y in shapely.get_coordinates(shape).tolist()]
        elif path := _path(shape):
            paths.append(path)
            styles.append((style, dimension == 2))
    if len(paths) > _MANY:
        paths, styles = _merged(paths, styles)
    if paths:
        _draw_paths(pen, paths, styles, clip, height)
    for x, y, style in points:
        _draw_dot(pen, (x, y), style, clip, height + 0.5)


def _draw_paths(
    pen: Pen, paths: list[Path], styles: list[tuple[Style, bool]], clip: Any, height: int
) -> None:
    """Draw areas and lines; beside the style of each stands whether it is an area."""
    from matplotlib.collections import PathCollection

    drawn = PathCollection(
        paths,
        facecolors=[
            with_opacity(each.colour, each.fill if is_area else 0.0) for each, is_area in styles
        ],
        edgecolors=[with_opacity(each.colour, each.opacity) for each, _ in styles],
        linewidths=[each.weight if is_area else each.weight + 1 for each, is_area in styles],
        linestyles=[(0, each.dash or None) for each, _ in styles],
        zorder=height,
        capstyle="butt",
    )
    pen.axes.add_collection(drawn, autolim=False)
    drawn.set_clip_path(clip)


def _draw_dot(pen: Pen, place: tuple[float, float], style: Style, clip: Any, height: float) -> None:
    dot = pen.axes.scatter(
        [place[0]],
        [place[1]],
        s=_POINT_SIZE,
        facecolors=[with_opacity(style.colour, 0.55)],
        edgecolors=[with_opacity(style.colour, style.opacity)],
        linewidths=[style.weight],
        linestyles=[(0, style.dash or None)],
        zorder=height,
    )
    dot.set_clip_path(clip)


def _merged(
    paths: list[Path], styles: list[tuple[Style, bool]]
) -> tuple[list[Path], list[tuple[Style, bool]]]:
    """Join all paths of a style into one: writing each by itself takes long."""
    from matplotlib.path import Path

    groups: dict[tuple[Style, bool], list[Path]] = {}
    for path, style in zip(paths, styles, strict=True):
        groups.setdefault(style, []).append(path)
    return [Path.make_compound_path(*each) for each in groups.values()], list(groups)


def _path(shape: Any) -> Path | None:
    """Return a shape as one path, holes included."""
    from matplotlib.path import Path

    parts = shapely.get_parts(shape)
    areas = shapely.get_dimensions(parts) == 2
    rings = [*shapely.get_rings(parts[areas]), *parts[shapely.get_dimensions(parts) == 1]]
    places, codes = [], []
    for ring in rings:
        points = shapely.get_coordinates(ring)
        if len(points) < 2:
            continue
        own = np.full(len(points), Path.LINETO, dtype=np.uint8)
        own[0] = Path.MOVETO
        if shapely.get_type_id(ring) == shapely.GeometryType.LINEARRING:
            own[-1] = Path.CLOSEPOLY
        places.append(points)
        codes.append(own)
    return Path(np.concatenate(places), np.concatenate(codes)) if places else None


def _draw_names(pen: Pen, named: list[tuple[str, Any]], frame: Box, taken: list[Box]) -> None:
    """Write names where there is room, those that come first before the others."""
    from matplotlib.patheffects import Stroke

    window = shapely.box(frame.left, frame.bottom, frame.right, frame.top)
    written = 0
    for name, shape in named:
        if written == _LABELS:
            return
        inside = shapely.intersection(shapely.make_valid(shape), window)
        if inside.is_empty:
            continue
        at = shapely.point_on_surface(inside)
        size = _LABEL_SIZE
        width, tall = width_of(name) * size * POINT_MM, size * POINT_MM
        lift = 1.6 if shapely.get_dimensions(shape) == 0 else -tall / 2
        box = Box(at.x - width / 2 - 0.5, at.y + lift - 0.3, width + 1, tall + 0.6)
        if not _has_room(box, frame, taken):
            continue
        taken.append(box)
        written += 1
        options: dict[str, Any] = {"align": "center", "font": pen.fonts.bold, "zorder": 80}
        pen.text(at.x, box.bottom + 0.6, name, size, colour=PAPER, **options,
                 path_effects=[Stroke(linewidth=2.2, foreground=PAPER)])  # fmt: skip
        pen.text(at.x, box.bottom + 0.6, name, size, colour=INK, **options)


def _has_room(box: Box, frame: Box, taken: list[Box]) -> bool:
    inside = (
        box.left > frame.left
        and box.right < frame.right
        and box.bottom > frame.bottom
        and box.top < frame.top
    )
    return inside and not any(
        box.left < other.right
        and box.right > other.left
        and box.bottom < other.top
        and box.top > other.bottom
        for other in taken
    )


def _draw_bar(pen: Pen, view: View) -> Box:
    """Draw scale and scale bar at the lower right, and return what they cover."""
    length = bar_length_m(view.scale, min(_BAR_MM, view.frame.width / 3))
    across = length * view.millimetres
    box = Box(view.frame.right - across - 11, view.frame.bottom, across + 11, 11.5)
    pen.frame(box, weight=0.0, fill=PAPER).set_zorder(85)
    left, low = box.left + 4, box.bottom + 2.2
    for number in range(4):
        part = Box(left + number * across / 4, low, across / 4, 1.3)
        pen.frame(part, weight=0.5, fill=INK if number % 2 == 0 else PAPER).set_zorder(86)
    unit, factor = ("km", 1000) if length >= 1000 else ("m", 1)
    for share, after in ((0.0, ""), (0.5, ""), (1.0, f" {unit}")):
        words = f"{share * length / factor:g}{after}"
        pen.text(left + share * across, low + 2, words, 6.0, align="center", zorder=87)
    pen.text(left, low + 5.4, f"1:{view.scale:,}", 8.5, font=pen.fonts.bold, colour=INK, zorder=87)
    return box


def _draw_north(pen: Pen, frame: Box, north: str) -> Box:
    """Draw an arrow to grid north at the upper right, and return what it covers."""
    from matplotlib.patches import Polygon

    box = Box(frame.right - 12, frame.top - 18, 12, 18)
    middle, low, high = box.left + 6, box.bottom + 2.5, box.top - 6
    for side, fill in ((-2.4, INK), (2.4, PAPER)):
        corners = [(middle, high), (middle + side, low), (middle, low + 2.2)]
        pen.axes.add_patch(Polygon(corners, closed=True, fc=fill, ec=INK, lw=0.6, zorder=86))
    pen.text(
        middle, high + 0.9, north, 8.5, font=pen.fonts.bold, colour=INK, align="center", zorder=87
    )
    return box


def _draw_notice(pen: Pen, frame: Box, notice: str) -> Box:
    """Write the notice at the lower left, on paper, and return what it covers."""
    size = 7.0
    box = Box(frame.left, frame.bottom, width_of(notice) * size * POINT_MM + 5, 5.4)
    pen.frame(box, weight=0.0, fill=PAPER).set_zorder(85)
    pen.text(
        box.left + 2,
        box.bottom + 1.7,
        notice,
        size,
        font=pen.fonts.bold,
        colour="#7A3D06",
        zorder=87,
    )
    return box


def _draw_head(pen: Pen, sheet: Sheet) -> None:
    box = sheet.paper.head_box
    size = 18.0
    widest = box.width / (POINT_MM * max(1.0, width_of(sheet.title)))
    pen.text(
        box.left, box.top - 7, sheet.title, min(size, widest), font=pen.fonts.title, colour=INK
    )
    pen.text(box.left, box.bottom + 3.6, sheet.subtitle, 8, colour=QUIET)
    pen.rule(box.left, box.right, box.bottom + 1.6, colour=INK, weight=1.0)


def _draw_foot(pen: Pen, sheet: Sheet) -> None:
    """Draw legend, key and facts side by side below the map."""
    box = sheet.paper.key_box
    gap = 5.0
    part = (box.width - 3 * gap) / 4
    legend = Box(box.left, box.bottom, 2 * part + gap - 8, box.height)
    key = Box(legend.right + gap, box.bottom, part + 4, box.height)
    facts = Box(key.right + gap, box.bottom, part + 4, box.height)
    _draw_legend(pen, sheet, legend, columns=2)
    _draw_key(pen, sheet, key, key.top)
    _draw_facts(pen, sheet, facts, facts.top)


def _draw_side(pen: Pen, sheet: Sheet) -> None:
    """Draw legend and key one below the other beside the map, and the facts below them."""
    box = sheet.paper.key_box
    facts_height, key_height = 54.0, 40.0
    used = facts_height + key_height
    legend = Box(box.left, box.bottom + used, box.width, box.height - used)
    fits = len(sheet.legend) * _ROW < legend.height - 7
    key_top = _draw_legend(pen, sheet, legend, columns=1 if fits else 2) - 4
    _draw_key(pen, sheet, box, key_top)
    _draw_facts(pen, sheet, box, box.bottom + facts_height)


def _draw_title(pen: Pen, box: Box, top: float, words: str) -> float:
    pen.text(box.left, top - 4, words, 9.5, font=pen.fonts.bold, colour=INK)
    pen.rule(box.left, box.right, top - 5.6)
    return top - 6.6


def _draw_legend(pen: Pen, sheet: Sheet, box: Box, *, columns: int) -> float:
    """Draw the legend in columns, and return where it ends."""
    top = _draw_title(pen, box, box.top, sheet.legend_title)
    room = int((top - box.bottom) / _ROW)
    rows = list(sheet.legend[: columns * room])
    left_out = len(sheet.legend) - len(rows)
    width = (box.width - (columns - 1) * 3) / columns
    for number, row in enumerate(rows):
        at = Box(
            box.left + number // room * (width + 3), top - (number % room + 1) * _ROW, width, _ROW
        )
        if left_out and number == len(rows) - 1:
            pen.text(at.left, at.bottom + 1.3, f"… +{left_out + 1}", 7.5, colour=QUIET)
        else:
            _draw_legend_row(pen, row, at)
    return top - min(room, len(rows)) * _ROW


_ROW = 4.6


def _draw_legend_row(pen: Pen, row: LegendRow, box: Box) -> None:
    top = box.top - 0.7
    if row.style is None:
        pen.paragraph(box.left, top, box.width, row.words, 7.5, font=pen.fonts.bold, most=1)
        return
    pen.swatch(box.left, box.bottom + 1.3, row.kind, row.style)
    pen.paragraph(box.left + 9.5, top, box.width - 9.5, row.words, 7.5, most=1)


def _draw_key(pen: Pen, sheet: Sheet, box: Box, top: float) -> None:
    top = _draw_title(pen, box, top, sheet.key_title)
    for row in sheet.precision:
        if row.style is not None:
            pen.swatch(box.left, top - 3.4, "area", row.style)
        left = box.left + 9.5
        top = pen.paragraph(left, top - 0.7, box.right - left, row.words, 7.0, most=3) - 0.9


def _draw_facts(pen: Pen, sheet: Sheet, box: Box, top: float) -> None:
    top = _draw_title(pen, box, top, sheet.facts_title)
    for name, value in sheet.facts:
        left = box.left + 14
        pen.paragraph(box.left, top - 0.6, 14, name, 7.0, colour=QUIET, most=1)
        top = pen.paragraph(left, top - 0.6, box.right - left, value, 7.0, most=5) - 0.6
    pen.paragraph(box.left, top - 0.6, box.width, sheet.credits, 6.0, colour=QUIET, most=4)
