"""The tiles of one revision of a layer."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from cachetools import LRUCache

from layers.packed import column_types

from .cutting import BUFFER, Rings, are_polygons, cut, in_order, rings_of
from .levels import CELL, MOST, Levels
from .matrices import WEB_MERCATOR, find_matrix_set
from .mvt import EXTENT, POINT, Shapes, encode_layer
from .outlines import Outlines
from .view import View, squares

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from layers.indexes import Indexes
    from layers.model import Layer
    from layers.packed import Packed, Positions

    from .levels import Level
    from .matrices import MatrixSet, TileAddress

LARGEST = 500_000
"""Bytes beyond which a tile leaves out what it need not have."""

_KEPT = 32_000_000
"""Bytes of tiles that are kept of one revision."""

_NEEDED = ("kind", "precision", "uncertainty_m")
"""Attributes by which any layer may be drawn: a sketch as a sketch."""

_SOON_BYTES = 200_000
"""Bytes of geometry up to which a tile is soon made: in about 5 ms."""

_SOON_NAMES = 20
"""Features up to which it is soon found where they are named."""

NAMED = 256
"""Units of the longer side of a feature from which on it has a label where room is short."""


class TileSource(Protocol):
    """What makes the tiles of a layer, from memory or in a database."""

    @property
    def fields(self) -> Mapping[str, str]:
        """The attributes of the features, each with the kind of its values, as TileJSON has it."""

    @property
    def label_fields(self) -> Mapping[str, str]:
        """The same of their names."""

    def tile(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes:
        """Return a tile with the layer and its labels; nothing if it holds no feature."""

    def at_once(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes | None:
        """Return a tile if it is ready, or soon made; else None."""

    def prepare(self) -> None:
        """Find out what no tile then has to wait for."""


class _Drawn(NamedTuple):
    """What a tile shows of a layer.

    Attributes
    ----------
    positions : array of int
        Of the features that stand for the geometries.
    shapes : Shapes
        Their owners are places in `positions`.
    merged : array of int or None
        How many features each geometry stands for.
    squares : array of bool or None
        Which geometries are squares in place of features.
    """

    positions: Positions
    shapes: Shapes
    merged: NDArray[np.int64] | None = None
    squares: NDArray[np.bool_] | None = None


class TileFields:
    """What the tiles of a layer say of its features.

    Attributes
    ----------
    types : Mapping
        Arrow types of the attributes, by name.
    needed : list of str
        Attributes that a map needs.
    """

    def __init__(self, layer: Layer) -> None:
        self._label = layer.label
        self.types: Mapping[str, pa.DataType] = {"id": pa.string()} | {
            name: type_
            for name, type_ in column_types(layer).items()
            if name not in {"id", layer.id_column} and not pa.types.is_list(type_)
        }
        wanted = "id", layer.label, "name_en", layer.style.get("by"), *_NEEDED
        self.needed = [name for name in dict.fromkeys(wanted) if name in self.types]

    @property
    def fields(self) -> Mapping[str, str]:
        """The attributes of the features, each with the kind of its values, as TileJSON has it."""
        return {name: _kind(type_) for name, type_ in self.types.items()}

    @property
    def label_fields(self) -> Mapping[str, str]:
        """The same of their names."""
        return {self.shown(name): self.fields[name] for name in self.needed}

    def shown(self, name: str) -> str:
        """Return what an attribute is called in the labels: what names a feature is its name."""
        return "name" if name == self._label else name


class KeptTiles(TileFields, ABC):
    """Tiles of which those that were asked for last are kept."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(layer)
        self._tiles: LRUCache[tuple[str, TileAddress], bytes]
        self._tiles = LRUCache(_KEPT, getsizeof=lambda tile: len(tile) + 200)
        self._lock = threading.Lock()

    def tile(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes:
        """Return a tile with the layer and its labels; nothing if it holds no feature."""
        found = self._kept(matrix_set, tile)
        return (
            self._keep(matrix_set, tile, self._made(matrix_set, tile)) if found is None else found
        )

    def at_once(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes | None:
        """Return a tile if it is ready, or soon made; else None."""
        found = self._kept(matrix_set, tile)
        if found is None and (made := self._soon(matrix_set, tile)) is not None:
            return self._keep(matrix_set, tile, made)
        return found

    def prepare(self) -> None:
        """Find out what no tile then has to wait for."""

    def _kept(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes | None:
        with self._lock:
            return self._tiles.get((matrix_set.id, tile))

    def _keep(self, matrix_set: MatrixSet, tile: TileAddress, made: bytes) -> bytes:
        with self._lock, contextlib.suppress(ValueError):
            # One that is larger than all that may be kept is made anew.
            self._tiles[matrix_set.id, tile] = made
        return made

    def _soon(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes | None:
        """Make a tile, if that takes a few milliseconds."""
        return None

    @abstractmethod
    def _made(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes:
        """Make a tile."""


class LayerTiles(KeptTiles):
    """Makes the tiles of a packed layer, and keeps those that were asked for last.

    A tile has the MVT layer of the collection's id, and one more of the same name with
    ``_labels``, which has one point for each feature that is named at its zoom. The point is that
    of the whole feature, so that a name stands in one tile.

    Geometry is generalised by zoom, see `Levels`. Where the densest tile of a zoom would hold more
    than `MOST` features, those smaller than a `CELL` are merged: polygons whose centres are in one
    cell of a grid become its square, with the attribute that the layer is coloured by taken from
    the largest of them, and their number as ``features``; of points and lines in a cell the
    largest, or first, is drawn. A tile that still is larger than `LARGEST` has only the attributes
    that a map needs; one that then is too large, too, is merged in the same way.
    """

    def __init__(self, layer: Layer, packed: Packed, indexes: Indexes) -> None:
        super().__init__(layer)
        self._layer = layer
        self._packed = packed
        self._indexes = indexes
        self._levels = Levels(packed)
        self._outlines = Outlines(packed)
        self._columns = {"id": packed.ids} | {
            name: packed.columns[name] for name in self.types if name != "id"
        }

    @property
    def fields(self) -> Mapping[str, str]:
        """The attributes of the features, and how many were merged where they may be."""
        counted = {"features": "Number"} if len(self._packed) > MOST else {}
        return {**super().fields, **counted}

    def prepare(self) -> None:
        """Find out what the zooms depend on: without it the first tile takes ten times as long."""
        self._levels.prepare(find_matrix_set(WEB_MERCATOR))

    def _made(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes:
        view = self._view(matrix_set, tile)
        if not len(view.positions):
            return b""
        return self._shown(view, self._levels.at(matrix_set, tile.z))

    def _soon(self, matrix_set: MatrixSet, tile: TileAddress) -> bytes | None:
        # Where a level is, there is an index, too.
        level = self._levels.known(matrix_set, tile.z)
        if level is None:
            return None
        view = self._view(matrix_set, tile)
        if self._outlines.size(view.positions) > _SOON_BYTES:
            return None
        if self._outlines.unnamed(view.positions[self._named(view, level)]) > _SOON_NAMES:
            return None
        return self._shown(view, level)

    def _view(self, matrix_set: MatrixSet, tile: TileAddress) -> View:
        positions = self._indexes.boxes.candidates(matrix_set.bounds(tile, BUFFER / EXTENT))
        return View(matrix_set, tile, self._packed, positions)

    def _shown(self, view: View, level: Level) -> bytes:
        if not len(view.positions):
            return b""
        made = b""
        for drawn, names in self._ladder(view, level):
            made = self._encoded(drawn, names)
            if len(made) <= LARGEST:
                break
        return made + self._labels(view, level)

    def _ladder(self, view: View, level: Level) -> Iterator[tuple[_Drawn, list[str]]]:
        """Yield what a tile may show, from all there is to the least."""
        if not level.is_merged:
            drawn = self._drawn(view, np.arange(len(view.positions)), level)
            yield drawn, list(self._columns)
            yield drawn, self.needed
        yield self._merged(view, level), self.needed

    def _encoded(self, drawn: _Drawn, names: list[str]) -> bytes:
        # A feature of which nothing is left in whole units is none of the tile.
        left, owners = np.unique(drawn.shapes.owners, return_inverse=True)
        rows = pa.array(drawn.positions[left])
        columns = {name: self._columns[name].take(rows) for name in names}
        if drawn.merged is not None and drawn.squares is not None:
            square = pa.array(drawn.squares[left])
            for name in {*names} - {self._layer.style.get("by")}:
                nothing = pa.scalar(None, columns[name].type)
                columns[name] = pc.if_else(square, nothing, columns[name])
            columns["features"] = pa.array(drawn.merged[left])
        shapes = drawn.shapes._replace(owners=owners)
        return encode_layer(self._layer.id, shapes, drawn.positions[left], columns)

    def _drawn(self, view: View, places: NDArray[np.intp], level: Level) -> _Drawn:
        """Return features as they are, generalised by zoom."""
        positions = view.positions[places]
        owners = np.arange(len(places))
        shapes = np.full(len(places), None, dtype=object)
        if level.shapes is not None:
            shapes = level.shapes[positions]
        stored: NDArray[np.bool_] = np.asarray(shapely.is_missing(shapes))
        simple = stored & self._outlines.are_simple(positions)
        rings: list[Rings] = []
        if simple.any():
            found = self._outlines.simple_rings(positions[simple], owners[simple])
            rings.append(found.moved(view.units(found.coordinates)))
        shapes[~stored] = shapely.transform(shapes[~stored], view.from_square)
        others = stored & ~simple
        shapes[others] = shapely.transform(self._packed.geometries(positions[others]), view.units)
        shapes, owners = shapes[~simple], owners[~simple]
        parts, of = shapely.get_parts(shapes, return_index=True)
        areal = are_polygons(parts)
        if areal.any() or not rings:
            more = rings_of(parts[areal], owners[of[areal]])
            rings.append(replace(more, polygons=more.polygons + len(places)))
        joined = rings[0] if len(rings) == 1 else in_order(rings)
        cuts = cut(joined, parts[~areal], owners[of[~areal]], view.inside[places])
        return _Drawn(positions, cuts)

    def _merged(self, view: View, level: Level) -> _Drawn:
        """Return large features as they are, and one thing for all small ones in a cell."""
        small: NDArray[np.bool_] = view.sides < CELL
        large = np.flatnonzero(~small)
        if len(large) > MOST:
            largest = np.argsort(-view.areas[large], kind="stable")[:MOST]
            large = large[np.sort(largest)]
        chosen, counts = view.by_cell(np.flatnonzero(small))
        areal = self._outlines.are_areal(view.positions[chosen])
        whole = np.concatenate([large, chosen[~areal]])
        drawn = self._drawn(view, whole, level)
        cells = squares(view.cells[chosen[areal]], len(whole))
        return _Drawn(
            np.concatenate([drawn.positions, view.positions[chosen[areal]]]),
            drawn.shapes.followed_by(cells),
            np.concatenate([np.ones(len(large), dtype=np.int64), counts[~areal], counts[areal]]),
            np.arange(len(whole) + int(areal.sum())) >= len(whole),
        )

    def _named(self, view: View, level: Level) -> NDArray[np.intp]:
        """Return which features have a label."""
        if level.is_merged or not level.is_roomy:
            return np.flatnonzero(view.sides >= NAMED)
        return np.arange(len(view.positions))

    def _labels(self, view: View, level: Level) -> bytes:
        named = self._named(view, level)
        if not len(named):
            return b""
        positions = view.positions[named]
        points = np.floor(view.units(self._outlines.label_points(positions))).astype(np.int64)
        # Half open, so that a point on the border of tiles is in one of them.
        within = ((points >= 0) & (points < EXTENT)).all(axis=1)
        count = int(within.sum())
        each = np.arange(count)
        ones = np.ones(count, dtype=np.int64)
        shapes = Shapes(points[within], ones, each, np.full(count, POINT))
        rows = pa.array(positions[within])
        columns = {self.shown(name): self._columns[name].take(rows) for name in self.needed}
        return encode_layer(f"{self._layer.id}_labels", shapes, positions[within], columns)


def _kind(type_: pa.DataType) -> str:
    """Return what TileJSON calls a type of values (TileJSON 3.0, section 3.3.2)."""
    if pa.types.is_boolean(type_):
        return "Boolean"
    return "String" if pa.types.is_string(type_) else "Number"
