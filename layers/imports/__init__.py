"""Read what offices send: files of many kinds, taken apart with suspicion."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .child import read_upload
from .container import SHAPEFILE_KEPT, Limits, Refused, open_upload, refuse_size
from .crs import KNOWN, guess_crs, to_wgs84
from .features import HARMLESS, Understood, guess_id_column, match_columns, to_features
from .records import Guess, Note, Options, RawLayer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.model import Layer

__all__ = [
    "HARMLESS",
    "KNOWN",
    "SHAPEFILE_KEPT",
    "Guess",
    "Limits",
    "Note",
    "RawLayer",
    "Refused",
    "Told",
    "Understood",
    "guess_crs",
    "guess_id_column",
    "match_columns",
    "read_layer_file",
    "read_raw_file",
    "refuse_size",
    "understand",
]


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says of a file; None where the file is to say it.

    Attributes
    ----------
    crs : str or None
        EPSG code, ``GCJ-02`` or ``BD-09``.
    encoding : str or None
        Of a Shapefile's or a table's texts.
    id_column : str or None
        Column with the ids.
    north : str or None
        Of a table, the column with northings or latitudes.
    transformation : str or None
        PROJ pipeline to CGCS2000 degrees; it is stored nowhere.
    columns : Mapping or None
        Property of each column that is not as its name says; empty for one to be left out.
    """

    crs: str | None = None
    encoding: str | None = None
    id_column: str | None = None
    north: str | None = None
    transformation: str | None = None
    columns: Mapping[str, str] | None = None


def read_layer_file(
    path: Path, layer: Layer, told: Told | None = None, limits: Limits | None = None
) -> Understood:
    """Return the features that a file holds for a layer, in CRS84 degrees.

    Raises
    ------
    Refused
        If the file cannot be taken; it has a reason and a sentence.
    """
    return understand(read_raw_file(path, told, limits), layer, told)


def read_raw_file(
    path: Path, told: Told | None = None, limits: Limits | None = None, name: str | None = None
) -> RawLayer:
    """Return what a file holds as it came; see `read_layer_file`.

    Parameters
    ----------
    name : str, optional
        What the file is called, where its path does not say it; it is only shown.

    Raises
    ------
    Refused
        If the file cannot be read.
    """
    said = told or Told()
    if not path.is_file():
        raise Refused("file-missing", f"{path}: there is no such file.")
    with tempfile.TemporaryDirectory(prefix="atlas-import-") as folder:
        upload = open_upload(path, Path(folder), limits, name)
        return read_upload(upload, Options(said.encoding, said.north))


def understand(raw: RawLayer, layer: Layer, told: Told | None = None) -> Understood:
    """Return the features that a file, read before, holds for a layer; see `read_layer_file`.

    Raises
    ------
    Refused
        If they cannot be told from it.
    """
    said = told or Told()
    placed = to_wgs84(raw, said.crs, said.transformation)
    understood = to_features(placed, raw, layer, id_column=said.id_column, columns=said.columns)
    return understood._replace(notes=(*raw.notes, *placed.notes, *understood.notes))
