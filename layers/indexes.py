"""What finds features without looking at each: by box and shape, and by the value of a property."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geoindex_rs.rtree as rtree
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from .model import BBox

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from .packed import Packed, Positions

_NOTHING: Positions = np.array([], dtype=np.uint32)
_NOTHING.setflags(write=False)


class Indexes:
    """All indexes of a layer; each is made when it is first asked."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._values: dict[str, ValueIndex] = {}

    @cached_property
    def boxes(self) -> BoxIndex:
        """Of the places of the features."""
        return BoxIndex(self._packed)

    def equal(self, name: str, value: Any) -> Positions:
        """Return the features that have a value of a property; see `ValueIndex.equal`."""
        return self.values(name).equal(value)

    def has_values(self, name: str) -> bool:
        """Tell whether the index of a property has been made."""
        return name in self._values

    def values(self, name: str) -> ValueIndex:
        """Return the index of a property, which must be a column, or of the ids (``id``)."""
        if name not in self._values:
            column = self._packed.ids if name == "id" else self._packed.columns[name]
            self._values[name] = ValueIndex(column)
        return self._values[name]

    def position(self, feature_id: str) -> int | None:
        """Return where a feature stands; None if there is none of this id."""
        wanted = feature_id.encode("utf-8", "surrogatepass")
        by_id, ends, texts = self._ids

        def id_at(rank: int) -> bytes:
            position = by_id[rank]
            return texts[ends[position] : ends[position + 1]].tobytes()

        # UTF-8 sorts as the characters do.
        rank = bisect_left(range(len(by_id)), wanted, key=id_at)
        if rank == len(by_id) or id_at(rank) != wanted:
            return None
        return int(by_id[rank])

    @cached_property
    def _ids(self) -> tuple[memoryview, memoryview, memoryview]:
        """Positions sorted by id, where each id ends, and the ids one behind the other.

        A value out of these costs a tenth of one out of an Arrow array.
        """
        ids = self._packed.ids
        _, ends, texts = ids.buffers()
        bounds = np.frombuffer(ends or b"", np.int32)[ids.offset :]
        return self._packed.by_id.data, bounds.data, memoryview(texts or b"")


class BoxIndex:
    """Finds features by where they are.

    A packed R-tree of their boxes (Hilbert order) names candidates; the geometry of those whose
    box does not settle the question is read and tested.
    """

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        drawn = np.flatnonzero(~np.isnan(packed.boxes[:, 0]))
        if len(drawn) == len(packed):
            self._drawn, boxes = None, packed.boxes
        else:
            self._drawn, boxes = drawn.astype(np.uint32), packed.boxes[drawn]
        self._connected = bool(packed.connected[drawn].all())
        self._tree = _tree_of(boxes)

    def touching(self, bbox: BBox) -> Positions:
        """Return the features whose geometry intersects a box in CRS84 degrees.

        A box whose west is east of its east crosses the antimeridian (OGC API - Features Part 1,
        section 7.15.3).
        """
        if bbox.west > bbox.east:
            halves = bbox._replace(east=180.0), bbox._replace(west=-180.0)
            first, second = map(self.touching, halves)
            return np.union1d(first, second)
        found = self.candidates(bbox)
        doubtful = self._doubtful(found, bbox)
        if not len(doubtful):
            return found
        shapes = self._packed.geometries(found[doubtful])
        met = shapely.intersects(shapes, shape_of(bbox))
        if met.all():
            return found
        kept = np.ones(len(found), dtype=bool)
        kept[doubtful] = met
        return found[kept]

    def candidates(self, bbox: BBox) -> Positions:
        """Return the features whose box meets a box in CRS84 degrees."""
        if self._tree is None:
            return _NOTHING
        hits: Positions = np.array(rtree.search(self._tree, *bbox))
        hits.sort()
        return hits if self._drawn is None else self._drawn[hits]

    def intersecting(self, area: BaseGeometry) -> Positions:
        """Return the features whose geometry intersects another one in CRS84 degrees."""
        found = self.candidates(BBox(*area.bounds))
        shapely.prepare(area)
        shapes = self._packed.geometries(found)
        return found[shapely.intersects(shapes, area)]

    def _doubtful(self, found: Positions, bbox: BBox) -> NDArray[np.intp]:
        """Return which of some candidates must be looked at.

        A connected shape touches every side of its own box. So one whose box leaves the asked box
        neither to the left nor to the right, or neither above nor below, intersects it.
        """
        sides = self._packed.boxes.T.take(found, axis=1)
        lowest, highest = np.array(bbox).reshape(2, 2, 1)
        beside, above = (sides[:2] < lowest) | (sides[2:] > highest)
        if self._connected:
            return np.flatnonzero(beside & above)
        unconnected = ~self._packed.connected[found]
        return np.flatnonzero((beside & above) | ((beside | above) & unconnected))


def shape_of(bbox: BBox) -> BaseGeometry:
    """Return a box as a geometry; one without width or height is no polygon that can be asked."""
    west, south, east, north = bbox
    if west < east and south < north:
        return shapely.box(*bbox)
    if (west, south) == (east, north):
        return shapely.Point(west, south)
    return shapely.LineString([(west, south), (east, north)])


def _tree_of(boxes: NDArray[np.float64]) -> rtree.RTree | None:
    if not len(boxes):
        return None
    builder = rtree.RTreeBuilder(len(boxes))
    builder.add(*(np.ascontiguousarray(side) for side in boxes.T))
    return builder.finish()


class ValueIndex:
    """Finds features by the value of one property: their positions sorted by it.

    A list has each of its members.
    """

    def __init__(self, column: pa.Array) -> None:
        parents: NDArray[np.uint32] | None = None
        if pa.types.is_list(column.type):
            parents = pc.list_parent_indices(column).to_numpy().astype(np.uint32)
            column = column.flatten()
        self._values = column
        ranked = pc.sort_indices(column).to_numpy()
        self._count = len(column) - column.null_count
        self._ranked = ranked.astype(np.uint32)
        self._parents = parents
        self._known: dict[Any, Positions] = {}

    def equal(self, value: Any) -> Positions:
        """Return the features that have a value."""
        if value not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known[value] = self._equal(value)
        return self._known[value]

    def _equal(self, value: Any) -> Positions:
        # The sort is stable: features of one value are in the order of their positions.
        low = bisect_left(range(self._count), value, key=self._value)
        high = bisect_right(range(self._count), value, lo=low, key=self._value)
        found = self._ranked[low:high]
        return found if self._parents is None else np.unique(self._parents[found])

    def _value(self, rank: int) -> Any:
        return self._values[int(self._ranked[rank])].as_py()


_REMEMBERED = 1_000
