"""What the digests of revisions are made of, kept so that an edit need not read its whole layer.

Nothing here is believed: lines are used for a revision only if its digest is the digest of them.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sqlalchemy as sa

from layers.geojson import digest_line

from . import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from layers.model import Revision

_BYTES_KEPT = 128_000_000
"""Of all layers together; one layer is kept whatever its size."""

_ALWAYS_FOLLOWED, _MOST_FOLLOWED = 1_000, 0.1
"""Feature versions, and part of a layer, beyond which it is read anew rather than followed."""

_BEFORE_ID = 65
"""Bytes of a line before its id: a digest and a space."""


class Contents:
    """The features of a revision as the lines that its digest is made of.

    See `layers.geojson.combined_digest`. UTF-8 sorts as the texts do, so that lines are found by
    their bytes.

    Parameters
    ----------
    lines : bytes
        One for each feature, sorted by id.
    sizes : array of int64
        Bytes of each.
    """

    def __init__(self, lines: bytes, sizes: NDArray[np.int64]) -> None:
        self._lines = lines
        self._sizes = sizes
        self._starts = np.concatenate(([0], np.cumsum(sizes)))

    @classmethod
    def of(cls, digests: Mapping[str, str]) -> Contents:
        """Return the contents with some digests by id."""
        lines = [digest_line(id_, digests[id_]) for id_ in sorted(digests)]
        return cls(b"".join(lines), np.fromiter(map(len, lines), np.int64, len(lines)))

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return len(self._lines) + self._sizes.nbytes + self._starts.nbytes

    @cached_property
    def digest(self) -> str:
        """The digest of a revision that holds these features, and no others."""
        return hashlib.sha256(self._lines).hexdigest()

    def changed(self, put: Mapping[str, str], removed: Collection[str]) -> Contents:
        """Return the contents with other digests of some features, and without some.

        Parameters
        ----------
        put : Mapping
            Digests by id, of features that are there or not.
        removed : collection of str
            Ids; what is put as well is there.
        """
        known, starts = memoryview(self._lines), self._starts
        lines: list[bytes | memoryview] = []
        sizes: list[NDArray[np.int64]] = []
        at = 0
        for id_ in sorted({*put, *removed}):
            place = self._place(id_.encode())
            lines.append(known[starts[at] : starts[place]])
            sizes.append(self._sizes[at:place])
            at = place + (place < len(self) and self._id(place) == id_.encode())
            if id_ in put:
                lines.append(digest_line(id_, put[id_]))
                sizes.append(np.array([len(lines[-1])]))
        lines.append(known[starts[at] :])
        sizes.append(self._sizes[at:])
        return Contents(b"".join(lines), np.concatenate(sizes))

    def _place(self, id_: bytes) -> int:
        return bisect_left(range(len(self)), id_, key=self._id)

    def _id(self, place: int) -> bytes:
        return self._lines[self._starts[place] + _BEFORE_ID : self._starts[place + 1] - 1]


class _Known(NamedTuple):
    revision: Revision
    contents: Contents


class KeptContents:
    """The contents of the newest revision of each layer that was written here last.

    Whoever asks must hold the writer's turn: others may not write meanwhile.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def keep(self, revision: Revision, contents: Contents) -> None:
        """Keep the contents of a revision in place of those of others of its layer."""
        self._known.pop(revision.layer_id, None)
        self._known[revision.layer_id] = _Known(revision, contents)
        while len(self._known) > 1 and self._size() > _BYTES_KEPT:
            del self._known[next(iter(self._known))]

    def get(self, connection: sa.Connection, head: Revision) -> Contents | None:
        """Return the contents of the head of a layer.

        They are those that are kept; or what others have written since is read and put into them;
        or all are read.

        Returns
        -------
        Contents or None
            None if the store does not hold what the head's digest says: it is damaged.
        """
        known = self._known.get(head.layer_id)
        if known is not None and known.contents.digest == head.digest:
            return known.contents
        followed = None if known is None else _followed(connection, known, head)
        if followed is not None and followed.digest == head.digest:
            return followed
        contents = _read(connection, head)
        return contents if contents.digest == head.digest else None

    def _size(self) -> int:
        return sum(each.contents.size for each in self._known.values())


def _read(connection: sa.Connection, head: Revision) -> Contents:
    table = schema.feature_version
    query = sa.select(table.c.id, table.c.digest).where(
        table.c.layer == head.layer_id, table.c.last.is_(None)
    )
    return Contents.of(dict(map(tuple, connection.execute(query).all())))


def _followed(connection: sa.Connection, known: _Known, head: Revision) -> Contents | None:
    """Return contents with what has been written since; None if it is much.

    A store that was put back has other revisions of the same numbers: then what comes out has
    another digest than the head.
    """
    table = schema.feature_version
    number = known.revision.number
    most = max(_ALWAYS_FOLLOWED, int(len(known.contents) * _MOST_FOLLOWED))
    ended = sa.select(table.c.id).where(
        table.c.layer == head.layer_id, table.c.last >= number, table.c.last < head.number
    )
    brought = sa.select(table.c.id, table.c.digest).where(
        table.c.layer == head.layer_id, table.c.first > number, table.c.last.is_(None)
    )
    removed = connection.execute(ended.limit(most + 1)).scalars().all()
    put = connection.execute(brought.limit(most + 1)).all()
    if max(len(removed), len(put)) > most:
        return None
    return known.contents.changed(dict(map(tuple, put)), removed)
