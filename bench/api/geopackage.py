"""The layer as a GeoPackage, for the peer that reads one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas


def write(path: Path, layer: str, frame: geopandas.GeoDataFrame) -> Path:
    """Write a layer into a new file, with the indexes that its requests need."""
    frame.to_file(path, layer=layer, driver="GPKG")
    with closing(sqlite3.connect(path)) as connection, connection:
        for column in ("code", "use", "street"):
            connection.execute(f"CREATE INDEX {layer}_{column} ON {layer} ({column})")
    return path
