"""What reading gives: records as they came, and what was odd about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


class Options(NamedTuple):
    """What a person says of a file.

    Attributes
    ----------
    encoding : str or None
        Of its texts; told by the file where it is None.
    north : str or None
        Of a CSV file, the column with northings or latitudes.
    """

    encoding: str | None = None
    north: str | None = None


class Note(NamedTuple):
    """Something odd that was taken all the same: a stable code and a sentence."""

    code: str
    sentence: str


class Guess(NamedTuple):
    """What is taken for true of a file, and why.

    Attributes
    ----------
    value : str or None
        None where the file says nothing that can be used.
    basis : str
        Stable code of the reason.
    """

    value: str | None
    basis: str


class Record(NamedTuple):
    """One feature as it came.

    Attributes
    ----------
    row : int
        From 1, in the order of the file.
    """

    row: int
    properties: dict[str, Any]
    geometry: BaseGeometry | None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class RawLayer:
    """A file as it came, before its reference system and its columns are understood.

    Attributes
    ----------
    crs : str or None
        ``EPSG:4490`` or WKT as the file declares it; None if it does not.
    encoding : str or None
        What its texts were read as, where that is a question.
    encoding_basis : str
        Why: ``told``, ``cpg``, ``language-id`` (of a .dbf), ``ascii``, ``utf-8`` (its bytes are),
        ``not-utf-8``, or ``format`` where the format leaves no choice.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    crs: str | None
    encoding: str | None = None
    notes: tuple[Note, ...] = field(default=())
    encoding_basis: str = "format"
