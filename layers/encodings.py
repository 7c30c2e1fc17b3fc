"""Whole layers, compressed once for everyone who asks for them."""

from __future__ import annotations

import os
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import brotli

from .packed import mapped_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .packed import Packed

Encoding: TypeAlias = Literal["br", "gzip"]

ENCODINGS: tuple[Encoding, ...] = ("br", "gzip")
"""Content codings (RFC 9110, section 8.4.1), the smallest first."""

_PART = 1_000_000
_SMALL = 2_000_000
"""Bytes up to which a document is compressed as well as can be; it takes seconds beyond."""


class _Compressor(Protocol):
    def process(self, data: bytes | memoryview) -> bytes: ...
    def finish(self) -> bytes: ...


def encoded_document(packed: Packed, encoding: Encoding) -> memoryview:
    """Return a layer's GeoJSON document in a content coding.

    For a layer in files it is made once and kept in a file beside them; else the caller keeps it.
    The same document gives the same bytes.
    """
    if packed.folder is None or not packed.folder.is_dir():
        return memoryview(b"".join(_parts(packed.document, encoding)))
    path = packed.folder / f"document.geojson.{encoding}"
    if not path.is_file():
        _write(path, _parts(packed.document, encoding))
    return mapped_file(path)


def _write(path: Path, parts: Iterator[bytes]) -> None:
    """Write a file whole or not at all; another process that does the same does no harm."""
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=".making-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            # What is there after a power cut must be whole: it is read without being checked.
            os.fsync(file.fileno())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def _parts(document: memoryview, encoding: Encoding) -> Iterator[bytes]:
    compressor = _compressor(encoding, small=len(document) <= _SMALL)
    for start in range(0, len(document), _PART):
        yield compressor.process(document[start : start + _PART])
    yield compressor.finish()


def _compressor(encoding: Encoding, *, small: bool) -> _Compressor:
    if encoding == "br":
        compressor: _Compressor = brotli.Compressor(quality=10 if small else 5)
        return compressor
    return _Gzip(9 if small else 6)


class _Gzip:
    def __init__(self, level: int) -> None:
        # 16 more than the size of the window asks for the form of gzip, without a time in it.
        self._inner = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)

    def process(self, data: bytes | memoryview) -> bytes:
        return self._inner.compress(data)

    def finish(self) -> bytes:
        return self._inner.flush()
