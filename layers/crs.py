"""The reference systems in which features are published, with the axes as the registry orders them.

WGS 84 and CGCS2000 are the same for every purpose here (decimetres), as in `layers.measure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry import mapping

from .errors import InvalidParameter
from .geojson import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from .model import BBox

    Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]

CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG_URI = "http://www.opengis.net/def/crs/EPSG/0/"
_EPSG_CODES = (4490, 4548, 4527, 3857, 4326)
_METRE_DECIMALS = 4
_SIDE = 32
"""Parts into which each side of a box is cut before it is carried to other axes."""


@dataclass(frozen=True)
class PublishedCrs:
    """A reference system that features can be asked for in.

    Attributes
    ----------
    code : int or None
        In the EPSG registry; None for CRS84.
    projected : bool
        Metres rather than degrees.
    swapped : bool
        The registry puts the northern axis first.
    """

    uri: str
    code: int | None
    projected: bool
    swapped: bool

    @property
    def is_crs84(self) -> bool:
        """Whether it is the one in which features are kept."""
        return self.code is None

    def documents(
        self, geometries: Sequence[BaseGeometry | None] | NDArray[np.object_]
    ) -> list[dict[str, Any] | None]:
        """Return geometries in CRS84 degrees as GeoJSON objects with coordinates in this system.

        Rings run as RFC 7946 has them on the ground, whatever the order of the axes.
        """
        shapes = shapely.orient_polygons(np.array(geometries, dtype=object))
        moved = shapely.transform(shapes, self._rounded)
        return [None if each is None else mapping(each) for each in moved]

    def to_crs84(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return a geometry with coordinates in this system in CRS84 degrees, longitude first."""
        back: BaseGeometry = shapely.transform(geometry, self._back)
        return back

    def area(self, box: BBox) -> BaseGeometry:
        """Return the area in CRS84 degrees of a box with coordinates in this system.

        Its sides are cut into pieces, since what is straight here is curved there.
        """
        longest = max(box.east - box.west, box.north - box.south)
        if longest == 0:
            return self.to_crs84(shapely.Point(box.west, box.south))
        if box.west == box.east or box.south == box.north:
            line = shapely.LineString([(box.west, box.south), (box.east, box.north)])
            return self.to_crs84(shapely.segmentize(line, longest / _SIDE))
        sides = shapely.box(box.west, box.south, box.east, box.north)
        return self.to_crs84(shapely.segmentize(sides, longest / _SIDE))

    def _rounded(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = _change(self.code, back=False)(positions)
        ordered = moved[:, ::-1] if self.swapped else moved
        return np.round(ordered, _METRE_DECIMALS if self.projected else DECIMALS) + 0.0

    def _back(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        ordered = positions[:, ::-1] if self.swapped else positions
        return _change(self.code, back=True)(ordered)


@lru_cache(maxsize=1)
def published_crs() -> tuple[PublishedCrs, ...]:
    """Return every system that is offered; CRS84, in which features are kept, first."""
    return (PublishedCrs(CRS84_URI, None, projected=False, swapped=False), *map(_epsg, _EPSG_CODES))


def find_crs(text: str, parameter: str) -> PublishedCrs:
    """Return the system that a parameter names.

    Parameters
    ----------
    text : str
        A URI as in `PublishedCrs.uri`, a URN, or ``EPSG:4548``, also in brackets.

    Raises
    ------
    InvalidParameter
        If it is not offered; the sentence says which are.
    """
    code = _code(text.strip().strip("<>[]"))
    for each in published_crs():
        if code == each.code:
            return each
    listed = ", ".join(each.uri for each in published_crs())
    raise InvalidParameter(
        parameter, f"Parameter {parameter}: {text[:80]} is not offered; there are {listed}."
    )


def _code(text: str) -> int | None:
    """Return the EPSG code in a text, None for CRS84, 0 for what is neither."""
    if text in {CRS84_URI, "urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84", "CRS84"}:
        return None
    for prefix in (_EPSG_URI, "urn:ogc:def:crs:EPSG::", "EPSG:"):
        number = text.removeprefix(prefix)
        if number != text and number.isascii() and number.isdecimal() and len(number) < 7:
            return int(number)
    return 0


def _epsg(code: int) -> PublishedCrs:
    crs = CRS.from_epsg(code)
    northern = crs.axis_info[0].direction == "north"
    return PublishedCrs(f"{_EPSG_URI}{code}", code, crs.is_projected, northern)


def _change(code: int | None, *, back: bool) -> Change:
    if code in {None, 4326, 4490}:
        return lambda positions: positions
    transformer = _transformer(code, back)

    def change(positions: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(positions[:, 0], positions[:, 1]))

    return change


@lru_cache(maxsize=16)
def _transformer(code: int, back: bool) -> Transformer:
    degrees = 4326 if code == 3857 else 4490
    ends = (code, degrees) if back else (degrees, code)
    return Transformer.from_crs(*ends, always_xy=True, allow_ballpark=False)
