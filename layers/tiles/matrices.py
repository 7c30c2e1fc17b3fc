"""Tile matrix sets: how the globe is cut into tiles.

A matrix set is computed on a square of side 1, rightwards and downwards, which its tile matrix 0
covers; two tiles side by side where that has two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import morecantile
import numpy as np

from layers.errors import InvalidParameter, NotFound
from layers.model import BBox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

WEB_MERCATOR = "WebMercatorQuad"
WORLD_CRS84 = "WorldCRS84Quad"

_SOUTHERNMOST = 89.9
"""Latitude in degrees from which on nothing is told apart; the Mercator square ends at 85.05."""


class TileAddress(NamedTuple):
    """Where a tile is in its matrix set: tile matrix, column from the west, row from the north."""

    z: int
    x: int
    y: int


@dataclass(frozen=True)
class MatrixSet:
    """A registered tile matrix set whose matrices double (OGC 17-083r4, annex D).

    Attributes
    ----------
    id, title, uri, crs : str
        As they are registered.
    wide : int
        Columns of tile matrix 0; it has one row.
    deepest : int
        Number of the last tile matrix.
    document : Mapping
        Its definition as JSON.
    """

    id: str
    title: str
    uri: str
    crs: str
    wide: int
    deepest: int
    document: Mapping[str, Any]

    def project(self, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return CRS84 coordinates, shape (n, 2), as parts of the side of tile matrix 0."""
        longitude, latitude = degrees.T
        found = np.empty((len(degrees), 2))
        found[:, 0] = (longitude + 180) * (self.wide / 360)
        if self.id == WORLD_CRS84:
            found[:, 1] = (90 - latitude) / 180
        else:
            sine = np.sin(np.radians(np.clip(latitude, -_SOUTHERNMOST, _SOUTHERNMOST)))
            found[:, 1] = 0.5 - np.arctanh(sine) / (2 * np.pi)
        return found

    def bounds(self, tile: TileAddress, margin: float = 0.0) -> BBox:
        """Return the box of a tile in CRS84 degrees, with a margin given in parts of its side."""
        size = 0.5**tile.z
        left, right = (tile.x - margin) * size, (tile.x + 1 + margin) * size
        top, bottom = (tile.y - margin) * size, (tile.y + 1 + margin) * size
        west, east = (each * 360 / self.wide - 180 for each in (left, right))
        return BBox(west, self._latitude(bottom), east, self._latitude(top))

    def _latitude(self, down: float) -> float:
        if self.id == WORLD_CRS84:
            return 90 - 180 * down
        return float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * down)))))

    def tile(self, matrix: str, row: str, column: str) -> TileAddress:
        """Return the tile that the words of an address name.

        Raises
        ------
        InvalidParameter
            If one is no whole number.
        NotFound
            If there is no such tile.
        """
        z, y, x = (
            _number(name, text)
            for name, text in (("tileMatrix", matrix), ("tileRow", row), ("tileCol", column))
        )
        if z > self.deepest:
            raise NotFound(
                f"{self.id} has no tile matrix {matrix[:20]}; they go from 0 to {self.deepest}."
            )
        if x >= self.wide << z or y >= 1 << z:
            raise NotFound(
                f"Tile matrix {z} of {self.id} has rows 0 to {(1 << z) - 1} and columns 0 to "
                f"{(self.wide << z) - 1}; there is no row {row[:20]}, column {column[:20]}."
            )
        return TileAddress(z, x, y)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise InvalidParameter(name, f"Parameter {name} must be a whole number.")
    # What has more digits names no tile either.
    return int(text[-40:]) if len(text) <= 40 else 10**40


@cache
def matrix_sets() -> Mapping[str, MatrixSet]:
    """Return the tile matrix sets in which tiles are offered, by id."""
    return {id_: _matrix_set(id_) for id_ in (WEB_MERCATOR, WORLD_CRS84)}


def find_matrix_set(id_: str) -> MatrixSet:
    """Return a tile matrix set.

    Raises
    ------
    NotFound
        If no tiles are offered in it.
    """
    known = matrix_sets().get(id_)
    if known is None:
        listed = ", ".join(matrix_sets())
        raise NotFound(f"There is no tile matrix set {id_[:60]}; there are {listed}.")
    return known


def _matrix_set(id_: str) -> MatrixSet:
    document = morecantile.tms.get(id_).model_dump(mode="json", exclude_none=True)
    matrices = document["tileMatrices"]
    return MatrixSet(
        id=id_,
        title=document["title"],
        uri=document["uri"],
        crs=document["crs"],
        wide=matrices[0]["matrixWidth"],
        deepest=len(matrices) - 1,
        document=document,
    )
