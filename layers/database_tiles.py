"""Vector tiles of a layer that stays in the database: PostGIS cuts and encodes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from .filters.sql import typed
from .queries import meets_box
from .store import placed
from .tiles.cutting import BUFFER
from .tiles.levels import CELL, MOST, ROOMY
from .tiles.matrices import WEB_MERCATOR
from .tiles.mvt import EXTENT
from .tiles.source import NAMED, KeptTiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from .filters import Kind
    from .model import BBox, Layer
    from .tiles import MatrixSet, TileAddress

    Sql = sa.ColumnElement[Any]

_LOOKED_AT = 100_000
"""Features of the densest tile that are merged; of more only a share is, and the rest estimated."""

_UNEVEN = 2
"""How many times more features the densest tile may have than one of the whole layer's density."""


class DatabaseTiles(KeptTiles):
    """Makes the tiles of a layer in the database, as `layers.tiles.LayerTiles` draws them.

    What is too small to be seen is merged in the same way; outlines are rounded to the units of
    the tile, and not generalised beyond that.

    Parameters
    ----------
    shown : sequence
        Conditions that a feature version belongs to the layer and may be shown.
    answering : callable
        Opens a transaction.
    """

    def __init__(
        self,
        layer: Layer,
        shown: Sequence[sa.ColumnElement[bool]],
        count: int,
        bbox: BBox | None,
        answering: Callable[[], AbstractContextManager[sa.Connection]],
    ) -> None:
        super().__init__(layer)
        self._layer = layer
        self._where = shown
        self._count = count
        self._bbox = bbox
        self._answering = answering

    def _made(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes:
        expected = self._expected(matrix_set, tile)
        share = min(1.0, _LOOKED_AT / max(expected, 1.0))
        near = self._near(matrix_set, tile, share)
        drawn = _Drawing(matrix_set, tile, near, share)
        by = self._layer.style.get("by")
        wanted = (
            drawn.merged(self._attributes(drawn.sized, self.needed), by)
            if expected > MOST
            else drawn.whole(self._attributes(drawn.sized, self.types))
        )
        names = self._attributes(drawn.sized, self.needed)
        named = [(self.shown(name), value) for name, value in names]
        labels = drawn.labels(named, everyone=expected <= ROOMY)
        layers = (self._layer.id, wanted), (f"{self._layer.id}_labels", labels)
        with self._answering() as connection:
            made = [connection.execute(_encoded(*each)).scalar_one() for each in layers]
        return b"".join(bytes(each) for each in made if each is not None)

    def _expected(self, matrix_set: MatrixSet, tile: TileAddress) -> float:
        """Return about how many features a tile of this zoom has where there are most of them."""
        if self._bbox is None:
            return 0.0
        west, south, east, north = matrix_set.bounds(tile)
        shares = (
            min(1.0, (east - west) / max(self._bbox.east - self._bbox.west, 1e-9)),
            min(1.0, (north - south) / max(self._bbox.north - self._bbox.south, 1e-9)),
        )
        share = min(1.0, _UNEVEN * shares[0] * shares[1])
        return self._count * share

    def _near(self, matrix_set: MatrixSet, tile: TileAddress, share: float) -> sa.Subquery:
        """Return the features whose box meets the tile and its buffer, each with its box.

        Of those smaller than a cell only a share is taken, the same ones in every tile.
        """
        bounds = matrix_set.bounds(tile, BUFFER / EXTENT)
        taken = sa.true() if share == 1.0 else _is_taken(share, matrix_set.bounds(tile))
        return (
            sa.select(
                placed.c.position,
                placed.c.id,
                placed.c.document,
                placed.c.shape,
                sa.func.Box3D(placed.c.shape).label("box"),
            )
            .where(*self._where, meets_box(bounds, placed), taken)
            # So that the box is computed once, not wherever it is named.
            .offset(0)
            .subquery("near")
        )

    def _attributes(self, near: sa.Subquery, names: Any) -> list[tuple[str, Sql]]:
        return [(name, typed(near, name, _kind(self.types[name]))) for name in names]


class _Drawing:
    """What a tile shows of some features, in SQL: rows with a geometry and attributes."""

    def __init__(
        self, matrix_set: MatrixSet, tile: TileAddress, near: sa.Subquery, share: float
    ) -> None:
        self._share = share
        self._matrix_set = matrix_set
        self._tile = tile
        west, east, north, south = (
            getattr(sa.func, f"ST_{side}")(near.c.box) for side in ("XMin", "XMax", "YMax", "YMin")
        )
        boxed = (
            sa.select(
                *(each for each in near.c if each.name != "box"),
                self._across(west).label("left"),
                self._across(east).label("right"),
                self._down(north).label("top"),
                self._down(south).label("bottom"),
            )
            .offset(0)
            .subquery("sized")
        )
        self.sized = boxed
        self._side = sa.func.greatest(boxed.c.right - boxed.c.left, boxed.c.bottom - boxed.c.top)

    def whole(self, attributes: Sequence[tuple[str, Sql]]) -> sa.Select[Any]:
        """Return all features as they are."""
        near = self.sized
        return sa.select(
            self._cut(near.c.shape).label("geom"),
            *(value.label(name) for name, value in attributes),
        ).order_by(near.c.position, near.c.id)

    def merged(self, attributes: Sequence[tuple[str, Sql]], by: str | None) -> sa.Select[Any]:
        """Return large features as they are, and one thing for all small ones in a cell."""
        large, small = self._large(attributes), self._small(attributes, by)
        both = sa.union_all(large.subquery().select(), small.subquery().select())
        return both.subquery("both").select()

    def _large(self, attributes: Sequence[tuple[str, Sql]]) -> sa.Select[Any]:
        """Return features that are larger than a cell, the largest first."""
        near = self.sized
        return (
            self.whole(attributes)
            .add_columns(sa.literal(1).label("features"))
            .where(self._side >= CELL)
            .order_by(None)
            .order_by(self._area.desc(), near.c.position, near.c.id)
            .limit(MOST)
        )

    def _small(self, attributes: Sequence[tuple[str, Sql]], by: str | None) -> sa.Select[Any]:
        """Return one thing for each cell: a square for areas, with no value but that of `by`."""
        cells = self._cells(attributes)
        square = self._square(cells.c.column, cells.c.row)
        return sa.select(
            sa.case((cells.c.is_area, square), else_=self._cut(cells.c.shape)).label("geom"),
            *(
                cells.c[f"a_{name}"].label(name)
                if name == by
                else sa.case((sa.not_(cells.c.is_area), cells.c[f"a_{name}"])).label(name)
                for name, _ in attributes
            ),
            cells.c.features,
        ).order_by(cells.c.row, cells.c.column)

    def _cells(self, attributes: Sequence[tuple[str, Sql]]) -> sa.Subquery:
        """Return the largest of the small features in each cell, and how many there are."""
        near = self.sized
        column = sa.func.floor((near.c.left + near.c.right) * (0.5 / CELL))
        row = sa.func.floor((near.c.top + near.c.bottom) * (0.5 / CELL))
        crowd = sa.func.count().over(partition_by=(column, row))
        is_area = sa.func.ST_Dimension(near.c.shape) == 2
        return (
            sa.select(
                column.label("column"),
                row.label("row"),
                is_area.label("is_area"),
                sa.case((sa.not_(is_area), near.c.shape)).label("shape"),
                sa.cast(crowd * (1 / self._share), sa.Integer).label("features"),
                *(value.label(f"a_{name}") for name, value in attributes),
            )
            .ext(distinct_on(column, row))
            .where(self._side < CELL)
            .order_by(column, row, self._area.desc(), near.c.position, near.c.id)
            .subquery("cells")
        )

    @property
    def _area(self) -> sa.ColumnElement[float]:
        """The area of a feature's box, in units of the tile."""
        near = self.sized
        return (near.c.right - near.c.left) * (near.c.bottom - near.c.top)

    def labels(self, attributes: Sequence[tuple[str, Sql]], *, everyone: bool) -> sa.Select[Any]:
        """Return a point for each feature that is named; a name stands in one tile."""
        near = self.sized
        point = sa.func.ST_PointOnSurface(near.c.shape)
        found = sa.select(
            point.label("point"), *(value.label(name) for name, value in attributes)
        ).order_by(near.c.position, near.c.id)
        if not everyone:
            found = found.where(self._side >= NAMED)
        points = found.limit(MOST).subquery("points")
        across = self._across(sa.func.ST_X(points.c.point))
        down = self._down(sa.func.ST_Y(points.c.point))
        return sa.select(
            self._cut(points.c.point).label("geom"), *(points.c[name] for name, _ in attributes)
        ).where(across >= 0, across < EXTENT, down >= 0, down < EXTENT)

    def _across(self, longitude: Sql) -> Sql:
        part = (longitude + 180.0) * (self._matrix_set.wide / 360)
        return (part * 2.0**self._tile.z - float(self._tile.x)) * float(EXTENT)

    def _down(self, latitude: Sql) -> Sql:
        if self._matrix_set.id == WEB_MERCATOR:
            # Beyond these there is no tile.
            within = sa.func.greatest(-89.9, sa.func.least(89.9, latitude))
            sine = sa.func.sin(sa.func.radians(within))
            part = 0.5 - sa.func.atanh(sine, type_=sa.Double) * (0.5 / math.pi)
        else:
            part = (90.0 - latitude) * (1 / 180)
        return (part * 2.0**self._tile.z - float(self._tile.y)) * float(EXTENT)

    def _cut(self, shape: Sql) -> Sql:
        """Return a geometry in units of the tile."""
        return sa.func.ST_AsMVTGeom(
            self._projected(shape), self._envelope(), EXTENT, BUFFER, sa.true()
        )

    def _projected(self, shape: Sql) -> Sql:
        is_mercator = self._matrix_set.id == WEB_MERCATOR
        return sa.func.ST_Transform(shape, 3857) if is_mercator else shape

    def _envelope(self) -> Sql:
        z, x, y = self._tile
        if self._matrix_set.id == WEB_MERCATOR:
            return sa.func.ST_TileEnvelope(z, x, y)
        return sa.func.ST_MakeEnvelope(*self._matrix_set.bounds(self._tile), 4326)

    def _square(self, column: Sql, row: Sql) -> Sql:
        """Return the square of a cell in units of the tile, as one ring of a polygon."""
        left, top = column * CELL, row * CELL
        return sa.func.ST_MakeEnvelope(left, top, left + CELL, top + CELL)


def _is_taken(share: float, bounds: BBox) -> sa.ColumnElement[bool]:
    box = sa.func.Box2D(placed.c.shape)
    wide, high = (
        getattr(sa.func, f"ST_{axis}Max")(box) - getattr(sa.func, f"ST_{axis}Min")(box)
        for axis in "XY"
    )
    part = CELL / EXTENT
    return sa.or_(
        sa.func.hashtext(placed.c.id).op("&")(_HASHES - 1) < int(share * _HASHES),
        wide >= (bounds.east - bounds.west) * part,
        high >= (bounds.north - bounds.south) * part,
    )


_HASHES = 1 << 16


def _encoded(name: str, rows: sa.Select[Any]) -> sa.Select[Any]:
    """Return what selects a layer of a tile as bytes."""
    tiled = rows.subquery("tiled")
    made = sa.func.ST_AsMVT(sa.literal_column("tiled.*"), name, EXTENT, "geom")
    return sa.select(made).select_from(tiled).where(tiled.c.geom.is_not(None))


def _kind(type_: pa.DataType) -> Kind:
    if pa.types.is_boolean(type_):
        return "boolean"
    return "text" if pa.types.is_string(type_) else "number"
