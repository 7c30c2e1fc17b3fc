"""Mapbox vector tiles, version 2.1: layers encoded as arrays, not feature by feature.

In a layer everything but the values of attributes is a varint: keys of fields, lengths, ids, tags
and geometry. So the features of a layer are written as one array of numbers, whose lengths are
filled in once their sizes are known, and turned into bytes at once.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

EXTENT = 4096
"""Units of a tile's side."""

POINT, LINE, POLYGON = 1, 2, 3
"""Types of geometry (section 4.3.4)."""

_MOVE_TO, _LINE_TO, _CLOSE_PATH = 1, 2, 15
_VERSION = b"\x78\x02"
_HEAD = 10
"""Numbers of a feature beside its tags and its geometry."""


class Shapes(NamedTuple):
    """Geometries in units of a tile, part by part.

    Attributes
    ----------
    coordinates : array of int, shape (n, 2)
        Rightwards and downwards; of rings without the last, which is the first again.
    sizes : array of int
        Coordinates of each part: a ring, a line, or all points of one feature.
    owners : array of int
        For each part the number of its feature, ascending.
    kinds : array of int
        `POINT`, `LINE` or `POLYGON` for each part.
    """

    coordinates: NDArray[np.int64]
    sizes: NDArray[np.int64]
    owners: NDArray[np.int64]
    kinds: NDArray[np.int64]

    def followed_by(self, other: Shapes) -> Shapes:
        """Return these and then the others, whose features come later."""
        return Shapes(*(np.concatenate(each) for each in zip(self, other, strict=True)))


def encode_layer(
    name: str, shapes: Shapes, ids: NDArray[Any], columns: Mapping[str, pa.Array]
) -> bytes:
    """Return a layer as the field of a tile, so that tiles are joined by joining bytes.

    Parameters
    ----------
    shapes : Shapes
        Polygons wind as section 4.3.4.4 has it.
    ids : array of int
        Of each feature that a part belongs to.
    columns : Mapping
        Attributes of the same features: text, numbers or truth values, null where there is none.

    Returns
    -------
    bytes
        None at all without features.

    References
    ----------
    .. [1] Mapbox Vector Tile Specification 2.1, sections 4.1 to 4.4.
    """
    if not len(ids):
        return b""
    keys, values, tags = _tags(columns, len(ids))
    geometry, geometry_sizes = _commands(shapes, len(ids))
    first = np.concatenate(([0], np.cumsum(np.bincount(shapes.owners, minlength=len(ids)))[:-1]))
    features = _features(ids, tags, shapes.kinds[first], geometry, geometry_sizes)
    extent = b"\x28" + _varint(EXTENT)
    body = b"".join([_VERSION, _field(0x0A, name.encode()), features, keys, values, extent])
    return _field(0x1A, body)


def _features(
    ids: NDArray[Any],
    tags: tuple[NDArray[np.uint32], NDArray[np.int64]],
    kinds: NDArray[np.int64],
    geometry: NDArray[np.uint32],
    geometry_sizes: NDArray[np.int64],
) -> bytes:
    """Return features, each with an id, tags, a type and a geometry (section 4.2)."""
    tag_numbers, tag_sizes = tags
    counts = _HEAD + tag_sizes + geometry_sizes
    starts = np.cumsum(counts) - counts
    to_type = starts + 6 + tag_sizes
    numbers = np.zeros(int(counts.sum()), dtype=np.uint32)
    for at, value in (
        (starts, 0x12), (starts + 2, 0x08), (starts + 3, ids), (starts + 4, 0x12),
        (to_type, 0x18), (to_type + 1, kinds), (to_type + 2, 0x22),
    ):  # fmt: skip
        numbers[at] = value
    numbers[spread(starts + 6, tag_sizes)] = tag_numbers
    numbers[spread(to_type + 4, geometry_sizes)] = geometry
    sizes = varint_sizes(numbers)
    of_tags = _sums(sizes, starts + 6, to_type)
    of_geometry = _sums(sizes, to_type + 4, starts + counts)
    around = 5 + sizes[starts + 3] + varint_sizes(of_tags) + varint_sizes(of_geometry)
    whole = around + of_tags + of_geometry
    for at, length in ((starts + 5, of_tags), (to_type + 3, of_geometry), (starts + 1, whole)):
        numbers[at], sizes[at] = length, varint_sizes(length)
    return _varints(numbers, sizes)


def _commands(shapes: Shapes, count: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the commands of all geometries, and how many numbers each feature has of them."""
    sizes, kinds = shapes.sizes, shapes.kinds
    is_path, is_ring = kinds != POINT, kinds == POLYGON
    counts = 1 + 2 * sizes + is_path + is_ring
    starts = np.cumsum(counts) - counts
    numbers = np.empty(int(counts.sum()), dtype=np.uint32)
    numbers[starts] = _MOVE_TO | (np.where(is_path, 1, sizes) << 3)
    numbers[starts[is_path] + 3] = _LINE_TO | ((sizes[is_path] - 1) << 3)
    numbers[(starts + counts - 1)[is_ring]] = _CLOSE_PATH
    places = spread(starts + 1, sizes, step=2)
    first = np.cumsum(sizes) - sizes
    later = np.repeat(is_path, sizes)
    later[first] = False
    places += later
    steps = np.diff(shapes.coordinates, axis=0, prepend=0)
    opens = first[np.diff(shapes.owners, prepend=-1) != 0]
    steps[opens] = shapes.coordinates[opens]
    zigzag = (steps << 1) ^ (steps >> 63)
    numbers[places], numbers[places + 1] = zigzag.T
    return numbers, np.bincount(shapes.owners, counts, count).astype(np.int64)


def _tags(
    columns: Mapping[str, pa.Array], count: int
) -> tuple[bytes, bytes, tuple[NDArray[np.uint32], NDArray[np.int64]]]:
    """Return keys and values, and which of them each feature has (section 4.4)."""
    keys: list[bytes] = []
    values: list[bytes] = []
    rows = np.empty((count, len(columns), 2), dtype=np.uint32)
    rows[:, :, 0] = np.arange(len(columns))
    known = np.ones((count, len(columns)), dtype=bool)
    sizes = np.full(count, 2 * len(columns))
    number = 0
    for rank, (name, column) in enumerate(columns.items()):
        codes, distinct = _coded(column)
        if column.null_count:
            known[:, rank] = column.is_valid().to_numpy(zero_copy_only=False)
            sizes -= 2 * ~known[:, rank]
        rows[:, rank, 1] = codes + number
        keys.append(_field(0x1A, name.encode()))
        values.append(_values(distinct))
        number += len(distinct)
    pairs = rows if known.all() else rows[known]
    return b"".join(keys), b"".join(values), (pairs.ravel(), sizes)


def _coded(column: pa.Array) -> tuple[NDArray[Any], pa.Array]:
    """Return which of some values each row of a column has, and the values."""
    some = column.slice(0, _SAMPLE)
    if column.null_count or len(set(some.to_pylist())) < 0.75 * _SAMPLE:
        coded = column.dictionary_encode()
        return coded.indices.fill_null(0).to_numpy(), coded.dictionary
    # To look for the few that are the same takes longer than to write them twice.
    return np.arange(len(column)), column


_SAMPLE = 64
"""Rows by which is judged whether a column has the same values again and again."""


def _values(distinct: pa.Array) -> bytes:
    """Return values of one type, each as the field of a layer (section 4.1)."""
    if len(distinct) <= _FEW:
        return b"".join(_value(each) for each in distinct.to_pylist())
    if pa.types.is_string(distinct.type):
        return _texts(distinct)
    numbers = distinct.to_numpy(zero_copy_only=False)
    if pa.types.is_floating(distinct.type):
        records = np.empty(len(numbers), dtype=[("head", "S3"), ("value", "<f8")])
        records["head"], records["value"] = b"\x22\x09\x19", numbers
        return records.tobytes()
    zigzag = ((numbers << 1) ^ (numbers >> 63)).astype(np.uint64)
    rows = np.full((len(numbers), 4), 0x22, dtype=np.uint64)
    rows[:, 1], rows[:, 2], rows[:, 3] = 1 + varint_sizes(zigzag), 0x30, zigzag
    flat = rows.ravel()
    return _varints(flat, varint_sizes(flat))


_FEW = 24
"""Values up to which they are written one by one; truth values are never more."""


def _value(value: str | bool | float) -> bytes:
    """Return one value as the field of a layer."""
    if isinstance(value, str):
        found = _field(0x0A, value.encode())
    elif isinstance(value, bool):
        found = b"\x38\x01" if value else b"\x38\x00"
    elif isinstance(value, int):
        found = b"\x30" + _varint((value << 1) ^ (value >> 63))
    else:
        found = b"\x19" + struct.pack("<d", value)
    return _field(0x22, found)


def _texts(distinct: pa.Array) -> bytes:
    if not len(distinct):
        return b""
    lengths = pc.binary_length(distinct).to_numpy()
    if lengths.max() < _SHORT:
        heads = _short_heads().take(pa.array(lengths))
    else:
        heads = pa.array([_text_head(length) for length in lengths.tolist()], pa.binary())
    joined = pc.binary_join_element_wise(heads, distinct.cast(pa.binary()), b"")
    _, offsets, content = joined.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)
    return bytes(memoryview(content)[ends[joined.offset] : ends[joined.offset + len(joined)]])


_SHORT = 256


@cache
def _short_heads() -> pa.Array:
    return pa.array([_text_head(length) for length in range(_SHORT)], pa.binary())


def _text_head(length: int) -> bytes:
    """Return what stands before a text of so many bytes."""
    inner = b"\x0a" + _varint(length)
    return b"\x22" + _varint(len(inner) + length) + inner


def varint_sizes(numbers: NDArray[Any]) -> NDArray[np.int8]:
    """Return how many bytes each number takes as a varint."""
    sizes = np.ones(len(numbers), dtype=np.int8)
    largest, limit = int(numbers.max(initial=0)), 7
    while largest >> limit:
        sizes += numbers >= numbers.dtype.type(1 << limit)
        limit += 7
    return sizes


def _sums(
    numbers: NDArray[np.int8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the sum of the numbers between each start and end, ascending."""
    bounds = np.column_stack([starts, ends]).ravel()
    # What is summed up to the end of the array needs no bound, and may have none.
    sums = np.add.reduceat(np.append(numbers, np.int8(0)), bounds, dtype=np.int64)[::2]
    sums[starts == ends] = 0
    return sums


def _varints(numbers: NDArray[Any], sizes: NDArray[np.int8]) -> bytes:
    """Return numbers as varints, which have seven bits to a byte, the lowest first."""
    words = -(-int(sizes.max(initial=1)) // 4)
    found = np.empty((len(numbers), words), dtype="<u4")
    for word in range(words):
        # Four bytes at once: the bits of each move up by those that tell whether more follows.
        bits = (numbers >> numbers.dtype.type(28 * word)).astype(np.uint32)
        found[:, word] = bits & 0x7F
        for place in (1, 2, 3):
            found[:, word] |= (bits << place) & (0x7F << 8 * place)
    found |= _FOLLOWED[:, :words].take(sizes, axis=0)
    held = _HELD[:, : 4 * words].take(sizes, axis=0)
    return found.view(np.uint8).ravel().compress(held.ravel()).tobytes()


_HELD = np.tri(11, 12, -1, dtype=bool)
"""Which of twelve bytes a varint of each size has."""

_FOLLOWED = (np.tri(11, 12, -2, dtype=np.uint8) << 7).view("<u4")
"""The highest bit of each byte that is not the last, by size."""


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _field(key: int, content: bytes) -> bytes:
    return bytes([key]) + _varint(len(content)) + content


def spread(
    starts: NDArray[np.int64], sizes: NDArray[np.int64], *, step: int = 1
) -> NDArray[np.int64]:
    """Return the numbers from each start on, `sizes` of them, `step` apart."""
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - step * before, sizes) + step * np.arange(int(sizes.sum()))
