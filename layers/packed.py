"""Features packed for reading: GeoJSON, geometry and columns in a few flat buffers.

A page of features is then a slice of bytes, whatever the size of the layer. Large layers keep the
buffers in files that are mapped into memory: a process that starts reads only what it is asked for,
and the processes of one machine share it.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from .geojson import feature_document, geometry_documents
from .model import Feature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from .model import Layer

Positions: TypeAlias = "NDArray[np.uint32]"
"""Where features stand in their layer, ascending."""

HEAD = b'{"type":"FeatureCollection","features":[\n'
BETWEEN = b",\n"
TAIL = b"\n]}\n"

_BATCH = 10_000
_FEW = 200
_FORM = "1"
"""Changes with what the files hold; others are written anew."""

BOX = ("#west", "#south", "#east", "#north")
"""Columns of the table that hold `Packed.boxes`."""

_CONNECTED = (
    shapely.GeometryType.POINT,
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.POLYGON,
)
_TO_QGIS = re.compile(rb'\\(["\\])')


@dataclass(frozen=True)
class Packed:
    """The features of a layer in the order in which they are served.

    Attributes
    ----------
    document : buffer
        All of them as one GeoJSON FeatureCollection.
    digest : str
        SHA-256 of the document.
    starts, ends : arrays of int64
        Where each feature lies in it.
    wkb, wkb_starts, wkb_ends : buffer, arrays of int64
        Geometries one behind the other, and where each lies; a missing one has no bytes.
    boxes : array of float64, shape (n, 4)
        West, south, east, north in CRS84 degrees, each side in one piece; NaN without geometry.
    connected : array of bool
        Whether a geometry has a single part.
    ids : Arrow array of text
    by_id : array of uint32
        Positions sorted by id.
    columns : Mapping
        Properties with simple values, and lists of texts, as Arrow arrays.
    folder : Path or None
        Where its files are; None in memory.
    """

    document: memoryview
    digest: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    wkb: memoryview
    wkb_starts: NDArray[np.int64]
    wkb_ends: NDArray[np.int64]
    boxes: NDArray[np.float64]
    connected: NDArray[np.bool_]
    ids: pa.Array
    by_id: NDArray[np.uint32]
    columns: Mapping[str, pa.Array]
    folder: Path | None = None

    def __len__(self) -> int:
        return len(self.ends)

    def json(self, position: int) -> bytes:
        """Return a feature as GeoJSON."""
        return bytes(self.document[self.starts[position] : self.ends[position]])

    def geometry_bytes(self, positions: Positions) -> NDArray[np.object_]:
        """Return the geometries at some positions as WKB; None where there is none."""
        starts, ends = self.wkb_starts[positions].tolist(), self.wkb_ends[positions].tolist()
        wkb = self.wkb
        found = [bytes(wkb[start:end]) or None for start, end in zip(starts, ends, strict=True)]
        return np.array(found, dtype=object)

    def geometries(self, positions: range | Positions) -> NDArray[np.object_]:
        """Return the geometries at some positions in CRS84 degrees; None where there is none."""
        wkb = self.geometry_bytes(np.asarray(positions, dtype=np.uint32))
        shapes: NDArray[np.object_] = shapely.from_wkb(wkb)
        return shapes

    def feature(self, position: int) -> Feature:
        """Return a feature with all its properties."""
        record = orjson.loads(self.document[self.starts[position] : self.ends[position]])
        (geometry,) = self.geometries(range(position, position + 1))
        return Feature(record["id"], geometry, record["properties"])

    def members(self, positions: range | Positions) -> list[memoryview | bytes]:
        """Return some features, in order, in pieces that one behind the other are array members.

        Neighbours in the document are one slice of it; a few features are copied.
        """
        if len(positions) == 0:
            return []
        document = self.document
        if isinstance(positions, range):
            return [document[self.starts[positions[0]] : self.ends[positions[-1]]]]
        if len(positions) <= _FEW:
            # To look for neighbours would cost more than it spares.
            few = zip(
                *(side.take(positions).tolist() for side in (self.starts, self.ends)), strict=True
            )
            return [BETWEEN.join([document[start:end] for start, end in few])]
        first, last = self.starts[positions[0]], self.ends[positions[-1]]
        breaks = np.flatnonzero(positions[1:] - positions[:-1] != 1)
        starts = [first, *self.starts[positions[breaks + 1]].tolist()]
        ends = [*self.ends[positions[breaks]].tolist(), last]
        pieces: list[memoryview | bytes] = [BETWEEN] * (2 * len(starts) - 1)
        pieces[::2] = [document[start:end] for start, end in zip(starts, ends, strict=True)]
        return pieces


def feature_json(document: Mapping[str, Any]) -> bytes:
    r"""Return a GeoJSON object as bytes that every client reads rightly.

    Quotes and backslashes are written as ``\u0022`` and ``\u005c``: QGIS before its issue 66700 was
    mended reads the short forms wrongly, without saying so.
    """
    plain = orjson.dumps(document)
    return plain if b"\\" not in plain else _TO_QGIS.sub(_code_point, plain)


def features_json(features: Sequence[Feature]) -> list[bytes]:
    """Return each feature as GeoJSON bytes; faster than one by one."""
    return [feature_json(each) for each in _documents(features)]


def feature_tag(feature: Feature | bytes) -> bytes:
    """Return what changes when a feature does: a digest of its GeoJSON, given as such or not."""
    stored = feature_json(feature_document(feature)) if isinstance(feature, Feature) else feature
    return blake2b(stored, digest_size=12).hexdigest().encode()


def pack(layer: Layer, features: Iterable[Feature]) -> Packed:
    """Return features packed in memory."""
    document, wkb = BytesIO(), BytesIO()
    table, digest = _pack(layer, features, document, wkb)
    return _opened(document.getbuffer(), wkb.getbuffer(), table, digest)


def pack_in_files(layer: Layer, features: Iterable[Feature], folder: Path) -> Packed:
    """Return features packed in files, so that they need little memory.

    Parameters
    ----------
    folder : Path
        Made whole or not at all; one that is there already is left as it is.
    """
    return put_in_files(folder, lambda document, wkb: _pack(layer, features, document, wkb))


def put_in_files(
    folder: Path, write: Callable[[BinaryIO, BinaryIO], tuple[pa.Table, str]]
) -> Packed:
    """Return what is written into the files of a folder; see `pack_in_files`.

    Parameters
    ----------
    write : callable
        Writes the document and the geometries, and returns the table beside them and the SHA-256
        of the document.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
    try:
        with (
            (made / "document.geojson").open("wb") as document,
            (made / "geometry.wkb").open("wb") as wkb,
            (made / "table.arrow").open("wb") as sink,
        ):
            table, digest = write(document, wkb)
            with ThreadPoolExecutor(2, "syncing") as pool:
                # What is there after a power cut must be whole: it is read without being checked.
                synced = [pool.submit(_sync, each) for each in (document, wkb)]
                table = table.replace_schema_metadata({"digest": digest, "form": _FORM})
                with pa.ipc.new_file(sink, table.schema) as writer:
                    writer.write_table(table)
                _sync(sink)
                for each in synced:
                    each.result()
        try:
            made.rename(folder)
        except OSError:
            # Another process was first, with the same bytes.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    opened = open_packed(folder)
    assert opened is not None  # noqa: S101  it was made here
    return opened


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def open_packed(folder: Path) -> Packed | None:
    """Return what `pack_in_files` made; None if there is none, or of another form."""
    if not (folder / "table.arrow").is_file():
        return None
    with pa.memory_map(str(folder / "table.arrow")) as source:
        table = pa.ipc.open_file(source).read_all()
    metadata = table.schema.metadata or {}
    if metadata.get(b"form") != _FORM.encode():
        return None
    return _opened(
        mapped_file(folder / "document.geojson"),
        mapped_file(folder / "geometry.wkb"),
        table,
        metadata[b"digest"].decode(),
        folder,
    )


def mapped_file(path: Path) -> memoryview:
    """Return the bytes of a file, which are read from it as they are used."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _opened(
    document: memoryview,
    wkb: memoryview,
    table: pa.Table,
    digest: str,
    folder: Path | None = None,
) -> Packed:
    ends, wkb_ends = _numbers(table, "#end"), _numbers(table, "#wkb_end")
    return Packed(
        document=document.toreadonly(),
        digest=digest,
        starts=np.concatenate(([len(HEAD)], ends[:-1] + len(BETWEEN)))[: len(ends)],
        ends=ends,
        wkb=wkb.toreadonly(),
        wkb_starts=np.concatenate(([0], wkb_ends[:-1]))[: len(ends)],
        wkb_ends=wkb_ends,
        boxes=np.stack([_numbers(table, name) for name in BOX]).T,
        connected=_numbers(table, "#connected"),
        ids=_array(table, "#id"),
        by_id=_numbers(table, "#by_id"),
        columns={
            name: _array(table, name) for name in table.column_names if not name.startswith("#")
        },
        folder=folder,
    )


def _array(table: pa.Table, name: str) -> pa.Array:
    chunks = table.column(name).chunks
    return chunks[0] if len(chunks) == 1 else table.column(name).combine_chunks()


def _numbers(table: pa.Table, name: str) -> NDArray[Any]:
    numbers: NDArray[Any] = _array(table, name).to_numpy(zero_copy_only=False)
    return numbers


def _pack(
    layer: Layer, features: Iterable[Feature], document: BinaryIO, wkb: BinaryIO
) -> tuple[pa.Table, str]:
    """Write features one behind the other; return the table beside them, and the digest."""
    types = column_types(layer)
    sha256 = hashlib.sha256()
    chunks: dict[str, list[pa.Array]] = {}
    end, wkb_end = 0, 0

    def write(part: bytes) -> None:
        document.write(part)
        sha256.update(part)

    write(HEAD)
    for number, batch in enumerate(_batches(features)):
        texts = features_json(batch)
        shapes = np.array([feature.geometry for feature in batch], dtype=object)
        wkbs = [each or b"" for each in shapely.to_wkb(shapes)]
        write((BETWEEN if number else b"") + BETWEEN.join(texts))
        wkb.write(b"".join(wkbs))
        ends = np.cumsum([len(text) + len(BETWEEN) for text in texts]) - len(BETWEEN)
        ends += end + len(BETWEEN) if number else len(HEAD)
        wkb_ends = np.cumsum([len(each) for each in wkbs]) + wkb_end
        end, wkb_end = int(ends[-1]), int(wkb_ends[-1])
        boxes = shapely.bounds(shapes)
        columns = {
            "#id": pa.array([feature.id for feature in batch], pa.string()),
            "#end": pa.array(ends, pa.int64()),
            "#wkb_end": pa.array(wkb_ends, pa.int64()),
            "#connected": pa.array(np.isin(shapely.get_type_id(shapes), _CONNECTED)),
            **{name: pa.array(boxes[:, i]) for i, name in enumerate(BOX)},
            **{
                name: _column([feature.properties.get(name) for feature in batch], type_)
                for name, type_ in types.items()
            },
        }
        for name, array in columns.items():
            chunks.setdefault(name, []).append(array)
    write(TAIL)
    return with_order(pa.table(_joined(chunks, types))), sha256.hexdigest()


def with_order(table: pa.Table) -> pa.Table:
    """Return the table beside a document with the positions sorted by id in it."""
    by_id = pc.sort_indices(table.column("#id").combine_chunks()).cast(pa.uint32())
    return table.append_column("#by_id", by_id).combine_chunks()


def _joined(
    chunks: Mapping[str, list[pa.Array]], types: Mapping[str, pa.DataType]
) -> dict[str, pa.Array]:
    if chunks:
        return {name: pa.concat_arrays(arrays) for name, arrays in chunks.items()}
    own = {
        "#id": pa.string(), "#end": pa.int64(), "#wkb_end": pa.int64(), "#connected": pa.bool_()
    }  # fmt: skip
    boxes = dict.fromkeys(BOX, pa.float64())
    return {name: pa.array([], type_) for name, type_ in {**own, **boxes, **types}.items()}


def _documents(batch: Sequence[Feature]) -> Iterator[dict[str, Any]]:
    for feature, geometry in zip(batch, geometry_documents(batch), strict=True):
        yield {
            "type": "Feature",
            "id": feature.id,
            "geometry": geometry,
            "properties": dict(feature.properties),
        }


def column_types(layer: Layer) -> dict[str, pa.DataType]:
    """Return the properties that become columns, as the layer's JSON Schema types them."""
    found = {
        name: _arrow_type(declared)
        for name, declared in layer.schema["properties"].items()
        if not name.startswith("#")
    }
    return {name: type_ for name, type_ in found.items() if type_ is not None}


def _arrow_type(declared: Mapping[str, Any]) -> pa.DataType | None:
    given = declared.get("type", "string" if "enum" in declared else None)
    names = {given} if isinstance(given, str) else set(given or ()) - {"null"}
    if names == {"array"}:
        inner = _arrow_type(declared.get("items", {}))
        return pa.list_(inner) if inner == pa.string() else None
    if names == {"integer", "number"}:
        return pa.float64()
    return _PLAIN_TYPES.get(names.pop()) if len(names) == 1 else None


_PLAIN_TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


def _column(values: list[Any], type_: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # A feature that breaks the schema is published before the schema was; it has no value here.
        return pa.array([_or_none(value, type_) for value in values], type_)


def _or_none(value: Any, type_: pa.DataType) -> Any:
    try:
        return pa.scalar(value, type_).as_py()
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def _batches(features: Iterable[Feature]) -> Iterator[list[Feature]]:
    remaining = iter(features)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _code_point(match: re.Match[bytes]) -> bytes:
    return b"\\u0022" if match.group(1) == b'"' else b"\\u005c"
