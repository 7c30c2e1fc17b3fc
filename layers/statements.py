"""Executable words: what a plan says about space, tested against the geometry.

A statement joins a subject to one object or several: *within*, *east of*, *along* and so on. It
holds or fails for the geometry as it is drawn, in EPSG:4548 metres; it cannot be tested where a
side is not drawn. A sketch is only as good as its uncertainty, so a failure smaller than that of
both sides is said to be so. Relations that ask whether two things meet (along, adjacent,
connects, flows into) allow for the uncertainty of both, since a point may stand for an area.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast, get_args

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.ops import nearest_points, split

from .errors import DataInvalid, NotFound
from .geojson import read_json
from .measure import from_4548, to_4548
from .plan import Citation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

Outcome: TypeAlias = Literal["holds", "fails", "untestable"]
Direction: TypeAlias = Literal["east_of", "west_of", "north_of", "south_of"]

RELATIONS: Mapping[str, tuple[str, str]] = {
    "within": ("位于", "lies within"),
    "belongs_to_zone": ("属于", "belongs to"),
    "contains": ("包含", "contains"),
    "along": ("沿", "lies along"),
    "adjacent": ("毗邻", "adjoins"),
    "connects": ("连接", "connects"),
    "flows_into": ("汇入", "flows into"),
    "between": ("介于其间：", "lies between"),
    "east_of": ("在其以东：", "lies east of"),
    "west_of": ("在其以西：", "lies west of"),
    "north_of": ("在其以北：", "lies north of"),
    "south_of": ("在其以南：", "lies south of"),
}
"""Code of a relation → its words in Chinese and English."""

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
"""Codes of the relations that put a subject on a side of something."""

TOLERANCE_M = 0.5
"""What counts as nothing: many times the rounding of published coordinates (11 mm)."""

_FAR_M = 100_000.0
_RIM_STEPS = 1000
_STEP_DEGREES = 0.002
"""Longest stretch that is projected by its ends: 200 m, whose middle is off by less than 1 mm."""
_BASES = frozenset(["explicit", "heading", "implied", "name"])
_SIDES: Mapping[str, Direction] = {
    "东": "east_of",
    "西": "west_of",
    "南": "south_of",
    "北": "north_of",
}
_TOWARDS: Mapping[str, tuple[int, int]] = {
    "east_of": (1, 0),
    "west_of": (-1, 0),
    "north_of": (0, 1),
    "south_of": (0, -1),
}


class Party(NamedTuple):
    """A side of a statement: the plan's words, and the feature that they mean, if there is one."""

    id: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that the plan says about space.

    Attributes
    ----------
    relation : str
        A code of `RELATIONS`.
    basis : str
        ``explicit`` (the words say it), ``heading`` (the section they stand in), ``implied``
        (the sense of the sentence), ``name`` (the name alone).
    citations : tuple of Citation
        At least one, the chief one first, each with the digest of the cited words.
    """

    id: str
    relation: str
    subject: Party
    objects: tuple[Party, ...]
    basis: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What has become of a statement.

    Attributes
    ----------
    distance_m : float or None
        By how many metres it fails; None unless it does.
    reason, reason_en : str
        One sentence, in Chinese and in English.
    """

    statement: Statement
    outcome: Outcome
    distance_m: float | None
    reason: str
    reason_en: str


class Side(NamedTuple):
    """A limit of an area: on which side of what it lies."""

    direction: Direction
    name: str
    geometry: BaseGeometry


def read_statements(path: Path) -> list[Statement]:
    """Return the statements that a JSON file holds.

    Raises
    ------
    DataInvalid
        If a member is missing or a code is unknown; the sentence names file, record and field.
    """
    document = read_json(path)
    try:
        records = document["statements"]
    except (KeyError, TypeError) as error:
        raise DataInvalid(f'{path.name}: has no member "statements".') from error
    return [_statement(record, path.name) for record in records]


def check_statements(
    statements: Iterable[Statement],
    geometries: Mapping[str, BaseGeometry],
    uncertainties: Mapping[str, float],
) -> list[Result]:
    """Test statements against geometry.

    Parameters
    ----------
    geometries : Mapping
        CRS84 degrees, by feature id; what is not there is not drawn.
    uncertainties : Mapping
        Metres, by feature id.

    Returns
    -------
    list of Result
        One for each statement, in order.
    """
    projected = {
        id_: to_4548(shapely.segmentize(geometry, _STEP_DEGREES))
        for id_, geometry in geometries.items()
    }
    return [_check(statement, projected, uncertainties) for statement in statements]


def sides_in(phrase: str, names: Mapping[str, str]) -> list[tuple[Direction, str]]:
    """Return the sides that a phrase such as ``甲街以东、乙园以西`` names.

    Parameters
    ----------
    names : Mapping
        Feature id by name.

    Returns
    -------
    list of (direction, feature id)
        Of the longest known name before each 以东, 以西, 以南, 以北; unknown names are left out.
    """
    found: list[tuple[Direction, str]] = []
    for match in re.finditer(r"以([东西南北])", phrase):
        before = phrase[: match.start()]
        known = [name for name in names if before.endswith(name)]
        if known:
            found.append((_SIDES[match[1]], names[max(known, key=len)]))
    return found


def sides_of(feature_id: str, statements: Iterable[Statement]) -> list[tuple[Direction, Party]]:
    """Return the sides on which the plan puts a feature: of what it lies east, west and so on."""
    return [
        (cast("Direction", statement.relation), party)
        for statement in statements
        if statement.subject.id == feature_id and statement.relation in _TOWARDS
        for party in statement.objects
    ]


def propose_sides(
    feature_id: str, statements: Iterable[Statement], geometries: Mapping[str, BaseGeometry]
) -> list[Side]:
    """Return the sides of a feature with their geometry, ready for `propose_area`.

    Raises
    ------
    NotFound
        If the plan puts it on no side of anything, or a side is not drawn; the sentence names it.
    """
    sides = sides_of(feature_id, statements)
    if not sides:
        raise NotFound(f"The plan does not say on which side of what {feature_id} lies.")
    missing = [party.words for _, party in sides if party.id not in geometries]
    if missing:
        raise NotFound(
            f"{feature_id} cannot be proposed: {', '.join(dict.fromkeys(missing))} has no geometry "
            "yet; publish its line or area first."
        )
    return [
        Side(direction, party.words, geometries[party.id])
        for direction, party in sides
        if party.id is not None
    ]


def propose_area(sides: Sequence[Side], frame: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the part of a frame that lies on the given sides.

    Parameters
    ----------
    sides : sequence of Side
        A line (a road) is extended straight beyond its ends until it cuts the frame; of an area
        or a point the half-plane beyond its outermost coordinate counts.
    frame : BaseGeometry
        CRS84 degrees: the zone or the district within which the area lies.

    Returns
    -------
    Polygon or MultiPolygon
        CRS84 degrees. It is a proposal: where the plan names two sides only, the frame is the
        limit on the others.

    Raises
    ------
    NotFound
        If a line does not cut the frame even when it is extended, or nothing of the frame lies
        on all sides; the sentence names the side.
    """
    area = whole = to_4548(frame)
    for side in sides:
        geometry = to_4548(side.geometry)
        linear = geometry.geom_type in {"LineString", "MultiLineString"}
        if linear and not _extended(geometry).crosses(whole):
            raise NotFound(
                f"{side.name} does not cut the frame, even if it is extended straight; publish a "
                "longer line, or choose a frame that it runs through."
            )
        kept = (
            _beside_line(area, geometry, side.direction)
            if linear
            else area.intersection(_half_plane(geometry, side.direction))
        )
        parts = [p for p in getattr(kept, "geoms", [kept]) if isinstance(p, Polygon) and p.area > 1]
        if not parts:
            raise NotFound(
                f"Nothing of the frame lies {RELATIONS[side.direction][1].removeprefix('lies ')} "
                f"{side.name}; check its geometry, or choose a larger frame."
            )
        area = MultiPolygon(parts) if len(parts) > 1 else parts[0]
    return cast("Polygon | MultiPolygon", from_4548(area))


def _statement(record: Any, file: str) -> Statement:
    identifier = record.get("id") if isinstance(record, dict) else None
    where = f"{file}, statement {identifier}"
    try:
        statement = Statement(
            id=str(record["id"]),
            relation=record["relation"],
            subject=Party(**record["subject"]),
            objects=tuple(Party(**each) for each in record["objects"]),
            basis=record["basis"],
            citations=tuple(Citation(**each) for each in record["citations"]),
        )
    except (KeyError, TypeError) as error:
        raise DataInvalid(f"{where}: {error}.") from error
    if statement.relation not in RELATIONS:
        raise DataInvalid(f'{where}, field "relation": there is no {statement.relation}.')
    if statement.basis not in _BASES:
        raise DataInvalid(f'{where}, field "basis": there is no {statement.basis}.')
    if not statement.objects or not statement.citations:
        raise DataInvalid(f"{where}: needs at least one object and one citation.")
    return statement


class _Fault(NamedTuple):
    """By how much a relation fails, and whether the sketches' uncertainty is larger."""

    distance_m: float
    allowed_m: float


def _check(
    statement: Statement, drawn: Mapping[str, BaseGeometry], uncertain: Mapping[str, float]
) -> Result:
    subject, objects = statement.subject, statement.objects
    missing = [party.words for party in (subject, *objects) if party.id not in drawn]
    if subject.id is None or subject.id not in drawn:
        return _untestable(statement, missing)
    known = [party for party in objects if party.id in drawn]
    if statement.relation == "between":
        return _untestable(statement, missing) if missing else _between(statement, drawn, uncertain)
    distances = [
        (_shortfall(statement.relation, drawn[subject.id], drawn[cast("str", party.id)]), party)
        for party in known
    ]
    without_extent = [party.words for distance, party in distances if distance is None]
    if without_extent:
        return _no_extent(statement, without_extent)
    worst = max(((d, p) for d, p in distances if d is not None), default=None, key=lambda e: e[0])
    if worst is not None:
        allowed = uncertain.get(subject.id, 0.0) + uncertain.get(cast("str", worst[1].id), 0.0)
        limit = max(TOLERANCE_M, allowed if statement.relation in _MEETING else 0.0)
        if worst[0] > limit:
            return _fails(statement, _Fault(worst[0], allowed), worst[1].words)
    if missing:
        return _untestable(statement, missing)
    return _holds(statement, worst[0] if worst else 0.0)


_MEETING = frozenset(["along", "adjacent", "connects", "flows_into"])


def _shortfall(relation: str, subject: BaseGeometry, other: BaseGeometry) -> float | None:
    """Return by how many metres a relation is missed, 0 if it is met; None without an extent."""
    if relation in {"within", "belongs_to_zone"}:
        return _reach(subject, other)
    if relation == "contains":
        return _reach(other, subject)
    if relation in _TOWARDS:
        return _on_wrong_side(subject, other, _TOWARDS[relation])
    if relation == "flows_into":
        return float(_ends(subject).distance(other))
    return float(subject.distance(other))


def _reach(inner: BaseGeometry, outer: BaseGeometry) -> float | None:
    """Return how far one geometry reaches out of another.

    0 if the other covers it (DE-9IM, OGC 06-103r4, section 6.1.15); else the distance from the
    other of the farthest of the positions outside that are looked at: those along the rim of
    what is outside, and the middle of its widest place, which lies in no corner where a hole or
    a bay is bridged. None if the other is no area: nothing lies within a point or a line.
    """
    if outer.geom_type not in {"Polygon", "MultiPolygon"}:
        return None
    outside = inner.difference(outer)
    if outside.is_empty:
        return 0.0
    rim = shapely.segmentize(outside, max(TOLERANCE_M, float(outside.length) / _RIM_STEPS))
    looked_at = np.vstack([shapely.get_coordinates(rim), *_widest_places(outside)])
    return float(shapely.distance(shapely.points(looked_at), outer).max())


def _widest_places(geometry: BaseGeometry) -> list[NDArray[np.float64]]:
    """Return the centre of the largest circle in each area of a geometry."""
    return [
        shapely.get_coordinates(shapely.maximum_inscribed_circle(part, TOLERANCE_M))[:1]
        for part in getattr(geometry, "geoms", [geometry])
        if part.geom_type == "Polygon" and part.area > TOLERANCE_M**2
    ]


def _ends(geometry: BaseGeometry) -> BaseGeometry:
    """Return the two ends of a line; of anything without ends, all of it."""
    if geometry.geom_type not in {"LineString", "MultiLineString"}:
        return geometry
    ends = shapely.boundary(shapely.line_merge(geometry))
    return geometry if ends is None or ends.is_empty else ends


def _on_wrong_side(subject: BaseGeometry, other: BaseGeometry, towards: tuple[int, int]) -> float:
    """Return by how much the middle of a geometry lies on the wrong side of another.

    The half-plane model (A. U. Frank 1996, Qualitative spatial reasoning: cardinal directions as
    an example, section 4) taken at the point of the other that is nearest to the middle, so that
    a street is judged beside the subject and not by its own middle. Where that point is neither
    ahead nor behind (the middle lies in the other, or square to it), the middle is on no side
    yet: it lacks the way out of the other.
    """
    middle = subject.centroid
    near = nearest_points(other, middle)[0]
    ahead = (middle.x - near.x) * towards[0] + (middle.y - near.y) * towards[1]
    return _way_out(middle, other, towards) if abs(ahead) <= TOLERANCE_M else max(0.0, -ahead)


def _way_out(middle: Point, other: BaseGeometry, towards: tuple[int, int]) -> float:
    """Return how far a point must move in a direction until nothing of the other is ahead."""
    end = (middle.x + towards[0] * _FAR_M, middle.y + towards[1] * _FAR_M)
    met = LineString([middle, Point(end)]).intersection(other)
    positions = shapely.get_coordinates(other if met.is_empty else met) - (middle.x, middle.y)
    return max(0.0, float((positions @ towards).max()))


def _between(
    statement: Statement, drawn: Mapping[str, BaseGeometry], uncertain: Mapping[str, float]
) -> Result:
    """Test whether the subject's middle lies between the objects.

    Of two objects it does if it falls, seen square to the line that joins their middles, between
    its ends; of more, if it lies in the convex hull of all.
    """
    ids = [cast("str", party.id) for party in (statement.subject, *statement.objects)]
    middle, *others = (drawn[id_] for id_ in ids)
    beyond = (
        _beyond_two(middle.centroid, others)
        if len(others) == 2
        else _beyond_all(middle.centroid, others)
    )
    if beyond > TOLERANCE_M:
        fault = _Fault(beyond, sum(uncertain.get(id_, 0.0) for id_ in ids))
        return _fails(statement, fault, "、".join(party.words for party in statement.objects))
    return _holds(statement, 0.0)


def _beyond_two(middle: Point, others: Sequence[BaseGeometry]) -> float:
    first, second = (other.centroid for other in others)
    line = LineString([first, second])
    along = _along(line, middle)
    return max(-along, along - line.length, 0.0)


def _beyond_all(middle: Point, others: Sequence[BaseGeometry]) -> float:
    return float(shapely.union_all(others).convex_hull.distance(middle))


def _along(line: LineString, point: Point) -> float:
    """Return how far along a straight line a point stands, also before its start or past it."""
    (x0, y0), (x1, y1) = line.coords
    if not line.length:
        return 0.0
    return float(((point.x - x0) * (x1 - x0) + (point.y - y0) * (y1 - y0)) / line.length)


def _holds(statement: Statement, gap_m: float) -> Result:
    if statement.relation in _MEETING and gap_m > TOLERANCE_M:
        return Result(
            statement,
            "holds",
            None,
            f"图上相距 {gap_m:.0f} m，在两边图形的误差之内。",
            f"They are drawn {gap_m:.0f} m apart, within the uncertainty of both.",
        )
    return Result(statement, "holds", None, "图形与这句话相符。", "The map agrees with the words.")


def _untestable(statement: Statement, missing: Sequence[str]) -> Result:
    names = "、".join(dict.fromkeys(missing))
    return Result(
        statement,
        "untestable",
        None,
        f"没有画在图上：{names}。",
        f"Not drawn: {names}.",
    )


def _no_extent(statement: Statement, names: Sequence[str]) -> Result:
    listed = "、".join(names)
    return Result(
        statement,
        "untestable",
        None,
        f"图上只有点或线，没有范围：{listed}。",
        f"Drawn as a point or a line, without extent: {listed}.",
    )


def _fails(statement: Statement, fault: _Fault, other: str) -> Result:
    metres = f"{fault.distance_m:,.0f} m"
    small = fault.distance_m <= fault.allowed_m
    return Result(
        statement,
        "fails",
        round(fault.distance_m, 1),
        f"与“{other}”相差 {metres}"
        + ("，小于两边图形的误差。" if small else "，大于两边图形的误差。"),
        f"Off by {metres} against {other}, "
        + ("less than" if small else "more than")
        + " the uncertainty of both.",
    )


def _half_plane(geometry: BaseGeometry, direction: Direction) -> Polygon:
    west, south, east, north = geometry.bounds
    return {
        "east_of": box(east, south - _FAR_M, east + _FAR_M, north + _FAR_M),
        "west_of": box(west - _FAR_M, south - _FAR_M, west, north + _FAR_M),
        "north_of": box(west - _FAR_M, north, east + _FAR_M, north + _FAR_M),
        "south_of": box(west - _FAR_M, south - _FAR_M, east + _FAR_M, south),
    }[direction]


def _beside_line(area: BaseGeometry, line: BaseGeometry, direction: Direction) -> BaseGeometry:
    """Return the pieces of an area that lie on one side of a line, extended beyond its ends."""
    extended = _extended(line)
    pieces = [
        piece for part in getattr(area, "geoms", [area]) for piece in split(part, extended).geoms
    ]
    right = [
        piece
        for piece in pieces
        if _on_wrong_side(piece.representative_point(), extended, _TOWARDS[direction]) == 0.0
    ]
    return shapely.union_all(right)


def _extended(line: BaseGeometry) -> LineString:
    """Return a line with its first and last stretch continued straight, far beyond any frame.

    Of a line in pieces that do not meet, the longest.
    """
    merged = shapely.line_merge(line)
    longest = max(getattr(merged, "geoms", [merged]), key=lambda part: float(part.length))
    points = list(longest.coords)
    return LineString([_beyond(points[1], points[0]), *points, _beyond(points[-2], points[-1])])


def _beyond(start: tuple[float, ...], end: tuple[float, ...]) -> tuple[float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    scale = _FAR_M / max((dx**2 + dy**2) ** 0.5, 1e-9)
    return end[0] + dx * scale, end[1] + dy * scale
