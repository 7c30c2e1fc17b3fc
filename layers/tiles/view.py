"""A tile's view of the features that may be in it: where they are in its units."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .cutting import BUFFER, REACH
from .levels import CELL
from .mvt import EXTENT, POLYGON, Shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.packed import Packed, Positions

    from .matrices import MatrixSet, TileAddress

_CELLS = EXTENT // CELL


class View:
    """The features whose boxes meet a tile and its buffer.

    Attributes
    ----------
    positions : array of int
        Of these features; what is said of each is in this order.
    inside : array of bool
        Which of them need not be cut: if none reaches further than `REACH` beyond the buffer, all,
        else those within the buffer.
    """

    def __init__(
        self, matrix_set: MatrixSet, tile: TileAddress, packed: Packed, positions: Positions
    ) -> None:
        self._matrix_set = matrix_set
        self._tile = tile
        self._boxes = packed.boxes[positions]
        self.positions = positions
        # All or none: an edge that is cut in one of two neighbours only is bent there.
        self.inside = self._within(BUFFER + REACH)
        if not self.inside.all():
            self.inside = self._within(BUFFER)

    def _within(self, margin: int) -> NDArray[np.bool_]:
        """Tell which boxes are in the tile with a margin in units."""
        west, south, east, north = self._matrix_set.bounds(self._tile, margin / EXTENT)
        beside = (self._boxes[:, :2] < (west, south)) | (self._boxes[:, 2:] > (east, north))
        within: NDArray[np.bool_] = ~(beside[:, 0] | beside[:, 1])
        return within

    def units(self, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return CRS84 coordinates in units of the tile, rightwards and downwards."""
        return self.from_square(self._matrix_set.project(degrees))

    def from_square(self, parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return coordinates in units of the tile, given in parts of the side of tile matrix 0."""
        # By powers of two and whole numbers: nothing is lost that the tile could show.
        corner = np.array([self._tile.x, self._tile.y], dtype=np.float64)
        return (parts * 2.0**self._tile.z - corner) * EXTENT

    @cached_property
    def sides(self) -> NDArray[np.float64]:
        """The longer sides of the features' boxes in units."""
        longer: NDArray[np.float64] = np.maximum(*self._sizes.T)
        return longer

    @cached_property
    def areas(self) -> NDArray[np.float64]:
        """Of the features' boxes in square units."""
        areas: NDArray[np.float64] = self._sizes[:, 0] * self._sizes[:, 1]
        return areas

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Column and row of the cell in which the centre of each box is."""
        low, high = self._corners
        return np.floor((low + high) / 2 / CELL).astype(np.int64)

    @cached_property
    def _sizes(self) -> NDArray[np.float64]:
        low, high = self._corners
        return np.abs(high - low)

    @cached_property
    def _corners(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.units(self._boxes[:, :2]), self.units(self._boxes[:, 2:])

    def by_cell(self, places: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return the largest of some features in each cell, the first of equals, and their number.

        Neighbouring tiles see the same features in a cell, and choose alike.
        """
        cells = self.cells[places]
        near = (cells.min(axis=1) >= -1) & (cells.max(axis=1) <= _CELLS)
        places, cells = places[near], cells[near]
        number = cells[:, 1] * (_CELLS + 2) + cells[:, 0]
        order = np.lexsort((-self.areas[places], number))
        _, first, counts = np.unique(number[order], return_index=True, return_counts=True)
        return places[order[first]], counts


def squares(cells: NDArray[np.int64], first_owner: int) -> Shapes:
    """Return the squares of cells, each of one feature, numbered from `first_owner` on."""
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    count = len(cells)
    return Shapes(
        ((cells[:, np.newaxis] + corners) * CELL).reshape(-1, 2),
        np.full(count, 4),
        np.arange(first_owner, first_owner + count),
        np.full(count, POLYGON),
    )
