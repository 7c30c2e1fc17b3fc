"""Read what offices send: files of many kinds, taken apart with suspicion."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .child import read_upload
from .container import Limits, Refused, open_upload
from .crs import to_wgs84
from .features import HARMLESS, Understood, to_features
from .records import Note, Options

if TYPE_CHECKING:
    from layers.model import Layer

__all__ = ["HARMLESS", "Limits", "Note", "Refused", "Told", "Understood", "read_layer_file"]


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
    """

    crs: str | None = None
    encoding: str | None = None
    id_column: str | None = None
    north: str | None = None
    transformation: str | None = None


def read_layer_file(
    path: Path, layer: Layer, told: Told | None = None, limits: Limits | None = None
) -> Understood:
    """Return the features that a file holds for a layer, in CRS84 degrees.

    Raises
    ------
    Refused
        If the file cannot be taken; it has a reason and a sentence.
    """
    said = told or Told()
    if not path.is_file():
        raise Refused("file-missing", f"{path}: there is no such file.")
    with tempfile.TemporaryDirectory(prefix="atlas-import-") as folder:
        upload = open_upload(path, Path(folder), limits)
        raw = read_upload(upload, Options(said.encoding, said.north))
    placed = to_wgs84(raw, said.crs, said.transformation)
    understood = to_features(placed, raw, layer, id_column=said.id_column)
    return understood._replace(notes=(*raw.notes, *placed.notes, *understood.notes))
