"""Write a layer as a file of the formats that offices use."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas
import orjson
import pyogrio

from .errors import InvalidParameter
from .geojson import write_features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .model import Feature, Layer

CRS_CHOICES = (4326, 4490, 4548, 4527, 3857)
"""EPSG codes that a layer can be written in; GeoJSON is always in WGS 84 (RFC 7946)."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    many : bool
        Whether it is written as several files, which are packed into a ZIP.
    """

    driver: str
    options: Mapping[str, str]
    many: bool = False


FORMATS: Mapping[str, Format] = {
    ".gpkg": Format("GPKG", {}),
    ".shp": Format("ESRI Shapefile", {"ENCODING": "UTF-8"}, many=True),
    ".zip": Format("ESRI Shapefile", {"ENCODING": "UTF-8"}, many=True),
    ".fgb": Format("FlatGeobuf", {}),
    ".kml": Format("KML", {}),
    ".dxf": Format("DXF", {}),
}
"""Formats that GDAL writes, by the ending of the file's name."""

ENDINGS = (".geojson", ".json", ".csv", ".parquet", *FORMATS)


def check_format(path: Path, crs: int | None = None) -> str:
    """Return the ending of a file's name, which says its format; see `export_layer`."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InvalidParameter(
            "to", f"{path.name}: the ending must be one of {', '.join(ENDINGS)}."
        )
    if crs is not None and crs not in CRS_CHOICES:
        allowed = ", ".join(map(str, CRS_CHOICES))
        raise InvalidParameter("crs", f"EPSG:{crs} is not offered; there are {allowed}.")
    if crs not in {None, 4326} and ending in {".geojson", ".json", ".kml"}:
        raise InvalidParameter("crs", f"{ending} files are in WGS 84 by their standard.")
    return ending


def export_layer(
    layer: Layer, features: Sequence[Feature], path: Path, crs: int | None = None
) -> Path:
    """Write features as a file; the ending of its name says in what format.

    Parameters
    ----------
    path : Path
        Replaced when all is written; a failure leaves what was there.
    crs : int, optional
        EPSG code, one of `CRS_CHOICES`; WGS 84 unless given.

    Returns
    -------
    Path
        The file that was written; a Shapefile is always packed as ZIP.

    Raises
    ------
    InvalidParameter
        If the ending or the CRS is unknown, or does not go with the format.
    """
    ending = check_format(path, crs)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".atlas-") as folder:
        written = Path(folder) / f"{layer.id}{ending}"
        _WRITERS.get(ending, _write_gdal)(features, written, crs or 4326)
        if FORMATS.get(ending, _PLAIN).many:
            return _put_shapefile(written, path)
        written.replace(path)
    return path


_FIELD_NAME = 10
"""Bytes of a field's name in a .dbf."""

_PLAIN = Format("", {})


def _write_geojson(features: Sequence[Feature], path: Path, _crs: int) -> None:
    write_features(path, features)


def _write_csv(features: Sequence[Feature], path: Path, crs: int) -> None:
    frame = _frame(features, crs)
    points = frame.geometry.representative_point()
    frame["x"], frame["y"] = points.x, points.y
    table = frame.drop(columns="geometry")
    # Excel takes UTF-8 for GBK without the mark.
    table.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _write_parquet(features: Sequence[Feature], path: Path, crs: int) -> None:
    _frame(features, crs).to_parquet(path, index=False)


def _write_gdal(features: Sequence[Feature], path: Path, crs: int) -> None:
    format_ = FORMATS[path.suffix.lower()]
    frame = _frame(features, crs)
    if format_.driver == "DXF":
        frame = frame.loc[frame.geometry.notna(), ["geometry"]]
    if not format_.many:
        _write(frame, path, format_)
        return
    path.mkdir()
    frame = frame.rename(columns=_field_names([each for each in frame if each != "geometry"]))
    for kind, group in _by_shape(frame):
        _write(group, path / f"{path.stem}{kind}.shp", format_)


def _write(frame: geopandas.GeoDataFrame, path: Path, format_: Format) -> None:
    options = dict(format_.options)
    if format_.driver == "FlatGeobuf" and frame.geometry.isna().any():
        options["SPATIAL_INDEX"] = "NO"
    with warnings.catch_warnings():
        # A Shapefile cuts texts; that is said where the format is offered.
        warnings.simplefilter("ignore", RuntimeWarning)
        pyogrio.write_dataframe(frame, path, driver=format_.driver, layer_options=options)


def _by_shape(frame: geopandas.GeoDataFrame) -> list[tuple[str, geopandas.GeoDataFrame]]:
    """Return the parts of a layer that a Shapefile can hold: one kind of geometry each."""
    kinds = frame.geometry.geom_type.str.removeprefix("Multi").fillna("")
    return [
        (f"-{kind.lower()}" if kind else "-unmapped", frame[kinds == kind])
        for kind in sorted(set(kinds))
    ]


def _field_names(names: Sequence[str]) -> dict[str, str]:
    """Return names that a .dbf holds, each another: GDAL cuts within a character."""
    short: dict[str, str] = {}
    for name in names:
        found, number = _cut(name, _FIELD_NAME), 0
        while found.lower() in map(str.lower, short.values()):
            number += 1
            found = f"{_cut(name, _FIELD_NAME - len(f'_{number}'))}_{number}"
        short[name] = found
    return short


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")


def _put_shapefile(folder: Path, path: Path) -> Path:
    archive = shutil.make_archive(str(folder.with_suffix(".packed")), "zip", folder)
    return Path(archive).replace(path.with_suffix(".zip"))


def _frame(features: Sequence[Feature], crs: int) -> geopandas.GeoDataFrame:
    """Return a table with one column for each property; lists are written as text."""
    rows = [{"id": f.id} | {k: _cell(v) for k, v in f.properties.items()} for f in features]
    frame = geopandas.GeoDataFrame(rows, geometry=[f.geometry for f in features], crs=4326)
    return frame if crs == 4326 else frame.to_crs(crs)


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "；".join(value)
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


_WRITERS: Mapping[str, Callable[[Sequence[Feature], Path, int], None]] = {
    ".geojson": _write_geojson,
    ".json": _write_geojson,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
