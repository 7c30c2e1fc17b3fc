"""Bring what was read to WGS 84, and refuse to guess what it was in.

Imports declare their reference system, or a person does. A label proves little here: EPSG:4548
and 4509 give the same numbers in Jinan, and Xi'an 80 is "transformed" to CGCS2000 by changing
nothing. So coordinates are held against the label, and a datum whose parameters are not public
is not taken without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from layers.gcj02 import from_bd09, from_gcj02

from .container import Refused
from .records import Guess, Note, RawLayer, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from layers.gcj02 import Positions

KNOWN = (4326, 4490, 4548, 4527, 4509, 4498, 3857)
"""EPSG codes that are taken: WGS 84 and CGCS2000, in degrees and in the zones of Shandong."""

_DEGREES = frozenset([4326, 4490])
_WITHOUT_PARAMETERS = ("Xian 1980", "Beijing 1954", "Xi'an 1980", "Pulkovo 1942")
_EAST = {
    4548: (200_000, 800_000),
    4527: (39_200_000, 39_800_000),
    4509: (200_000, 800_000),
    4498: (20_200_000, 20_800_000),
}
"""Eastings in metres that a zone can have; 4527 and 4498 have its number before them."""
_NORTH = (3_000_000, 5_500_000)


class Placed(NamedTuple):
    """Records in CRS84 degrees, two-dimensional, and what was done to them.

    Attributes
    ----------
    crs : str
        The system that they came in.
    """

    records: tuple[Record, ...]
    crs: str
    notes: tuple[Note, ...]


def to_wgs84(
    raw: RawLayer, declared: str | None = None, transformation: str | None = None
) -> Placed:
    """Return the records of a file in WGS 84.

    Parameters
    ----------
    declared : str, optional
        What a person gives: an EPSG code, ``GCJ-02`` or ``BD-09``; it stands where the file says
        nothing, and against what the file says wrongly.
    transformation : str, optional
        A PROJ pipeline from the file's coordinates (east, north) to CGCS2000 degrees (longitude,
        latitude), for datums whose parameters are not public. It is kept nowhere.

    Raises
    ------
    Refused
        If the system is unknown, missing, not of a known datum, or not that of the coordinates.
    """
    if transformation is not None:
        return _by_pipeline(raw, transformation)
    if declared is not None and (shift := _SHIFTED.get(_spelling(declared))) is not None:
        return _unshifted(raw, *shift)
    code = _declared_code(declared, raw.name) if declared is not None else _code_of(raw)
    if code not in KNOWN:
        listed = ", ".join(map(str, KNOWN))
        raise Refused("crs-unknown", f"{raw.name}: EPSG:{code} is not taken; there are {listed}.")
    coordinates = _coordinates(raw.records)
    _refuse_mismatch(raw, code, coordinates)
    notes = list(_dimension_notes(raw))
    records = [_flat(record) for record in raw.records]
    if code not in _DEGREES:
        target = 4326 if code == 3857 else 4490
        change = Transformer.from_crs(code, target, always_xy=True, allow_ballpark=False)
        records = [_transformed(record, change) for record in records]
    return Placed(tuple(records), f"EPSG:{code}", tuple(notes))


def guess_crs(raw: RawLayer, declared: str | None = None) -> Guess:
    """Return which system a file is taken to be in, and why; nothing is judged by it.

    Returns
    -------
    Guess
        An EPSG code, ``GCJ-02`` or ``BD-09``. The basis is ``told``; ``prj``, ``standard`` (the
        format has one only) or ``file`` where the file says it; ``unknown`` where what it says is
        not taken; ``looks`` where it says nothing, and its numbers look like that.
    """
    if declared is not None:
        return Guess(declared.strip().upper().removeprefix("EPSG:"), "told")
    if raw.crs is None:
        xy = _coordinates(raw.records)
        code = next((each for each in _LIKELY if _can_be(xy, each)), None)
        return Guess(None if code is None else str(code), "looks" if code else "unknown")
    try:
        code = _code_of(raw)
    except Refused:
        return Guess(None, "unknown")
    standard = raw.kind == "kml" or raw.crs == "OGC:CRS84"
    basis = "prj" if raw.kind == "shapefile" else "standard" if standard else "file"
    return Guess(str(code), basis)


_LIKELY = (4490, 4527, 4498, 4548)
"""In which order a file without a declaration is held against the systems of the district."""


def _can_be(xy: NDArray[np.float64], code: int) -> bool:
    if len(xy) == 0:
        return False
    x, y = xy[:, 0], xy[:, 1]
    if code in _DEGREES:
        return _within(x, 73, 136) and _within(y, 18, 54)
    return _within(x, *_EAST[code]) and _within(y, *_NORTH)


_SHIFTED: Mapping[str, tuple[str, Callable[[Positions], Positions]]] = {
    "GCJ02": ("GCJ-02", from_gcj02),
    "BD09": ("BD-09", from_bd09),
}


def _spelling(declared: str) -> str:
    return declared.strip().upper().replace("-", "").replace("_", "")


def _declared_code(declared: str, name: str) -> int:
    code = declared.strip().upper().removeprefix("EPSG:")
    if not (code.isascii() and code.isdecimal() and len(code) <= 6):
        raise Refused(
            "crs-unknown", f"{name}: --crs {declared[:40]} is no EPSG code, GCJ-02 or BD-09."
        )
    return int(code)


def _unshifted(raw: RawLayer, system: str, back: Callable[[Positions], Positions]) -> Placed:
    xy = _coordinates(raw.records)
    if len(xy) and not (_within(xy[:, 0], 73, 136) and _within(xy[:, 1], 18, 54)):
        raise Refused(
            "coordinates-out-of-range", f"{raw.name}: {system} are degrees in China, these are not."
        )
    records = tuple(_moved(_flat(record), back) for record in raw.records)
    note = Note(
        "shift-removed",
        f"{raw.name} was converted from {system} by the published formula; what was drawn on such "
        "a map is no better than that map.",
    )
    return Placed(records, system, (*_dimension_notes(raw), note))


def _by_pipeline(raw: RawLayer, pipeline: str) -> Placed:
    try:
        change = Transformer.from_pipeline(pipeline.strip())
        records = tuple(_transformed(_flat(record), change) for record in raw.records)
    except ProjError:
        # What PROJ says would show the parameters.
        raise Refused(
            "transformation-wrong", f"{raw.name}: the transformation is no PROJ pipeline."
        ) from None
    xy = _coordinates(records)
    if len(xy) and not (_within(xy[:, 0], 73, 136) and _within(xy[:, 1], 18, 54)):
        raise Refused(
            "transformation-wrong",
            f"{raw.name}: the transformation does not lead to degrees in China (longitude first).",
        )
    note = Note("datum-transformed", f"{raw.name} was transformed as the operator says.")
    return Placed(records, "transformed", (*_dimension_notes(raw), note))


def _code_of(raw: RawLayer) -> int:
    if raw.crs is None:
        offer = _offer(_coordinates(raw.records))
        raise Refused(
            "crs-missing",
            f"{raw.name} does not say its reference system (no .prj); say which with --crs{offer}.",
        )
    if raw.crs == "OGC:CRS84":
        return 4326
    try:
        crs = CRS.from_user_input(raw.crs)
    except CRSError as error:
        raise Refused("crs-unknown", f"{raw.name}: {raw.crs[:60]} is no known system.") from error
    datum = crs.datum.name if crs.datum is not None else ""
    if any(name.casefold() in datum.casefold() for name in _WITHOUT_PARAMETERS):
        raise Refused(
            "datum-transformation-unknown",
            f"{raw.name} is in {datum}; its shift to CGCS2000 (about 100 m) is not public. Have it "
            "transformed by the surveying office and send EPSG:4548, or give --transformation.",
        )
    code = crs.to_epsg(min_confidence=60)
    if code is None:
        raise Refused(
            "crs-unknown",
            f"{raw.name} is in “{crs.name}”, a system of its own; send it in EPSG:4548 or 4490.",
        )
    return int(code)


def _refuse_mismatch(raw: RawLayer, code: int, xy: NDArray[np.float64]) -> None:
    """Refuse coordinates that cannot be in the system of the label."""
    if len(xy) == 0:
        return
    x, y = xy[:, 0], xy[:, 1]
    if code in _DEGREES:
        if _within(x, 18, 54) and _within(y, 73, 136):
            raise _swapped(raw, "latitude comes first; longitude must")
        if not (_within(x, -180, 180) and _within(y, -90, 90)):
            raise Refused(
                "coordinates-out-of-range",
                f"{raw.name}: {x[0]:.7g}, {y[0]:.7g} are no degrees{_offer(xy)}.",
            )
    elif code in _EAST:
        if _within(y, *_EAST[code]) and _within(x, *_NORTH):
            raise _swapped(raw, "northing comes first; easting must")
        if not _within(x, *_EAST[code]):
            raise Refused(
                "crs-coordinates-mismatch",
                f"{raw.name} is labelled EPSG:{code}, but its eastings ({x[0]:,.0f}) are not of "
                f"that zone{_offer(xy)}.",
            )


def _swapped(raw: RawLayer, what: str) -> Refused:
    return Refused("axis-swapped", f"{raw.name}: {what}. Swap the axes and send it again.")


def _offer(xy: NDArray[np.float64]) -> str:
    """Return which system coordinates look like, in words; empty where they look like none."""
    if len(xy) == 0:
        return ""
    x, y = xy[:, 0], xy[:, 1]
    if _within(x, -180, 180) and _within(y, -90, 90):
        return "; they look like degrees (4490 or 4326)"
    if _within(y, *_NORTH):
        for code in (4527, 4498):
            if _within(x, *_EAST[code]):
                return f"; they look like EPSG:{code}"
        if _within(x, *_EAST[4548]):
            return "; they look like EPSG:4548, 4509 or an older system: ask who made them"
    return ""


def _within(values: NDArray[np.float64], low: float, high: float) -> bool:
    return bool(((values >= low) & (values <= high)).all())


def _coordinates(records: Sequence[Record]) -> NDArray[np.float64]:
    shapes = [record.geometry for record in records if record.geometry is not None]
    return np.asarray(shapely.get_coordinates(shapes), dtype=np.float64)


def _dimension_notes(raw: RawLayer) -> list[Note]:
    shapes = [record.geometry for record in raw.records if record.geometry is not None]
    notes = []
    if bool(np.any(shapely.has_z(shapes))):
        notes.append(Note("z-dropped", f"{raw.name} has heights; they were left out."))
    if bool(np.any(shapely.has_m(shapes))):
        notes.append(Note("m-dropped", f"{raw.name} has measures (M); they were left out."))
    return notes


def _flat(record: Record) -> Record:
    if record.geometry is None:
        return record
    return record._replace(geometry=shapely.force_2d(record.geometry))


def _transformed(record: Record, change: Transformer) -> Record:
    if record.geometry is None:
        return record

    def project(xy: Positions) -> Positions:
        return np.column_stack(change.transform(xy[:, 0], xy[:, 1]))

    return _moved(record, project)


def _moved(record: Record, change: Callable[[Positions], Positions]) -> Record:
    if record.geometry is None:
        return record
    return record._replace(geometry=shapely.transform(record.geometry, change))
