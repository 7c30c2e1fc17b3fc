"""A packed layer with a few features changed: what stays is copied in long runs of bytes.

An edit of one feature in 100,000 costs as much as copying the files, not as writing them anew.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa

from .packed import BETWEEN, BOX, HEAD, TAIL, Packed, pack, put_in_files, with_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from .model import Feature, Layer


@dataclass(frozen=True, slots=True)
class Edits:
    """What becomes of the features of a packed layer.

    Attributes
    ----------
    changed : Mapping
        Features by the position of the one that each replaces; the ids are the same.
    removed : sequence of int
        Positions of those that are no longer there.
    added : sequence of Feature
        Behind all others.
    """

    changed: Mapping[int, Feature]
    removed: Sequence[int]
    added: Sequence[Feature]


def repack_in_files(layer: Layer, before: Packed, edits: Edits, folder: Path) -> Packed:
    """Return what `pack_in_files` would make of the features that the edits leave.

    Parameters
    ----------
    folder : Path
        Made whole or not at all; one that is there already is left as it is.
    """
    replaced = sorted(edits.changed)
    fresh = pack(layer, [*(edits.changed[each] for each in replaced), *edits.added])
    source = _sources(len(before), replaced, edits.removed, len(fresh))

    runs = list(_runs(before, fresh, source))

    def write(document: BinaryIO, wkb: BinaryIO) -> tuple[pa.Table, str]:
        # Each of the three takes as long as the others, and none of them holds up Python.
        with ThreadPoolExecutor(2, "repacking") as pool:
            digest = pool.submit(_digest, _parts(runs))
            table = pool.submit(_table, before, fresh, source)
            document.writelines(_parts(runs))
            for packed, first, last in runs:
                wkb.write(packed.wkb[packed.wkb_starts[first] : packed.wkb_ends[last]])
            return table.result(), digest.result()

    return put_in_files(folder, write)


def _parts(runs: Sequence[tuple[Packed, int, int]]) -> Iterator[bytes | memoryview]:
    """Yield the new document in pieces."""
    between = HEAD
    for packed, first, last in runs:
        yield between
        yield packed.document[packed.starts[first] : packed.ends[last]]
        between = BETWEEN
    yield TAIL if runs else HEAD + TAIL


def _digest(parts: Iterable[bytes | memoryview]) -> str:
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(part)
    return sha256.hexdigest()


def _sources(
    count: int, replaced: Sequence[int], removed: Sequence[int], fresh: int
) -> NDArray[np.int64]:
    """Return where each feature of the new layer comes from.

    Numbers below ``count`` are positions in the old one, those from there on in the fresh ones:
    first the changed ones, then the added.
    """
    source = np.concatenate(
        [np.arange(count), np.arange(count + len(replaced), count + fresh)], dtype=np.int64
    )
    source[list(replaced)] = count + np.arange(len(replaced))
    return np.delete(source, list(removed))


def _runs(
    before: Packed, fresh: Packed, source: NDArray[np.int64]
) -> Iterator[tuple[Packed, int, int]]:
    """Yield where neighbours come from: in what, and first and last position there."""
    count = len(before)
    follows = (source[1:] == source[:-1] + 1) & (source[1:] != count)
    starts = [0, *(np.flatnonzero(~follows) + 1).tolist(), len(source)]
    for start, end in pairwise(starts):
        if start == end:
            continue
        first, last = int(source[start]), int(source[end - 1])
        if first < count:
            yield before, first, last
        else:
            yield fresh, first - count, last - count


def _table(before: Packed, fresh: Packed, source: NDArray[np.int64]) -> pa.Table:
    taken = pa.array(source)
    sizes = np.concatenate([each.ends - each.starts for each in (before, fresh)])[source]
    wkb_sizes = np.concatenate([each.wkb_ends - each.wkb_starts for each in (before, fresh)])
    boxes = np.concatenate([before.boxes, fresh.boxes])[source]
    ends = len(HEAD) - len(BETWEEN) + np.cumsum(sizes + len(BETWEEN))
    columns = {
        "#id": pa.concat_arrays([before.ids, fresh.ids]).take(taken),
        "#end": pa.array(ends, pa.int64()),
        "#wkb_end": pa.array(np.cumsum(wkb_sizes[source]), pa.int64()),
        "#connected": pa.array(np.concatenate([before.connected, fresh.connected])[source]),
        **{name: pa.array(boxes[:, i]) for i, name in enumerate(BOX)},
        **{
            name: pa.concat_arrays([before.columns[name], fresh.columns[name]]).take(taken)
            for name in before.columns
        },
    }
    return with_order(pa.table(columns))
