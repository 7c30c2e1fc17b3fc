"""Read what offices send: files of many kinds, taken apart with suspicion."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .container import Refused, open_upload
from .crs import to_wgs84
from .features import Understood, to_features
from .reading import read_upload

if TYPE_CHECKING:
    from layers.model import Layer

__all__ = ["Refused", "Understood", "read_layer_file"]


def read_layer_file(
    path: Path,
    layer: Layer,
    *,
    crs: int | None = None,
    encoding: str | None = None,
    id_column: str | None = None,
) -> Understood:
    """Return the features that a file holds for a layer, in CRS84 degrees.

    Parameters
    ----------
    crs : int, optional
        EPSG code, where the file does not say it.
    encoding : str, optional
        Of a Shapefile's texts, where the file does not say it or says it wrongly.
    id_column : str, optional
        Column with the ids, where it is not called as usual.

    Raises
    ------
    Refused
        If the file cannot be taken; it has a reason and a sentence.
    """
    if not path.is_file():
        raise Refused("file-missing", f"{path}: there is no such file.")
    with tempfile.TemporaryDirectory(prefix="atlas-import-") as folder:
        raw = read_upload(open_upload(path, Path(folder)), encoding=encoding)
    placed = to_wgs84(raw, crs)
    understood = to_features(placed, layer, path.name, id_column=id_column)
    return understood._replace(notes=(*raw.notes, *placed.notes, *understood.notes))
