"""What a file is, told by its content, and what may be unpacked from it.

The name of a file proves nothing: a driver is chosen by the first bytes, and GDAL is never left to
guess. A ZIP is looked through before anything of it is written.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, TypeAlias

from layers.errors import DataInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind: TypeAlias = Literal["geojson", "shapefile", "gpkg", "flatgeobuf", "kml", "dxf", "csv"]

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf")
SHAPEFILE_KEPT = (*SHAPEFILE_PARTS, ".prj", ".cpg")
_UTF_8_NAMES = 0x800
_CHUNK = 1 << 20


class Refused(DataInvalid):
    """A file cannot be taken.

    Parameters
    ----------
    reason : str
        Stable code of the reason, as `docs/imports.md` lists them.
    sentence : str
        What is wrong, where, and how to mend it.
    choices : sequence of str
        Columns between which a person has to choose.
    """

    code = "import-refused"

    def __init__(self, reason: str, sentence: str, choices: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is taken.

    Attributes
    ----------
    bytes : int
        Of the file as it comes, asked before it is read.
    unpacked : int
        Bytes of everything in a ZIP together.
    ratio : float
        Unpacked over packed bytes of a ZIP; drawings reach 20, bombs 1,000.
    entries : int
        Files in a ZIP.
    """

    bytes: int = 100_000_000
    unpacked: int = 500_000_000
    ratio: float = 200
    entries: int = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is what it says, ready for its driver.

    Attributes
    ----------
    path : Path
        Of the file itself; of a Shapefile its .shp, the other parts beside it in lower case.
    name : str
        What it was called, for the reader.
    """

    kind: Kind
    path: Path
    name: str


def open_upload(
    path: Path, folder: Path, limits: Limits | None = None, name: str | None = None
) -> Upload:
    """Return what a file is; a ZIP is unpacked into a folder.

    Parameters
    ----------
    folder : Path
        Empty, and the caller's to remove.
    name : str, optional
        What the file is called, where its path does not say it; it is only shown.

    Raises
    ------
    Refused
        If it is too large, of no known kind, or a ZIP that holds what it should not.
    """
    bounds = limits or Limits()
    shown = name or path.name
    refuse_size(shown, path.stat().st_size, bounds)
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _open_zip(path, folder, bounds, shown)
    return Upload(_kind_of(head, shown), path, shown)


def refuse_size(name: str, size: int, limits: Limits) -> None:
    """Do nothing if a file is not too large.

    Raises
    ------
    Refused
        If it is.
    """
    if size > limits.bytes:
        raise Refused(
            "file-too-large", f"{name} has {size:,} bytes; at most {limits.bytes:,} are taken."
        )


def _kind_of(head: bytes, name: str) -> Kind:
    """Return what kind of file begins so."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"SQLite format 3\0"):
        return "gpkg"
    if head.startswith(b"fgb\x03"):
        return "flatgeobuf"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and b"{" in head[:8]:
        raise Refused("encoding-not-utf8", f"{name} is UTF-16; save it as UTF-8.")
    if text.startswith((b"{", b"[")):
        return "geojson"
    if text.startswith(b"<"):
        return _xml_kind(text, name)
    if _DXF.match(text):
        return "dxf"
    if head.startswith(b"AutoCAD Binary DXF"):
        raise Refused("format-unsupported", f"{name} is a binary DXF; save it as ASCII DXF.")
    if head.startswith(b"AC10"):
        raise Refused("format-unsupported", f"{name} is a DWG drawing; save it as ASCII DXF.")
    if any(mark in text.partition(b"\n")[0] for mark in (b",", b";", b"\t")) and b"\0" not in head:
        return "csv"
    raise _unsupported(name)


_DXF = re.compile(rb"(?:999\s*\n.*\n\s*)*0\s*\n\s*SECTION\s")
"""A drawing begins with a section, perhaps after comments (group code 999)."""


def _xml_kind(text: bytes, name: str) -> Kind:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Refused(
            "format-unsupported", f"{name} declares entities (DOCTYPE); export it without."
        )
    root = _XML_ROOT.match(text)
    if root and root[1].lower() == b"kml":
        return "kml"
    raise _unsupported(name)


_XML_ROOT = re.compile(rb"(?:<\?.*?\?>|<!--.*?-->|\s)*<(?:\w+:)?(\w+)", re.DOTALL)
"""The name of the root element: a comment may say anything."""


def _unsupported(name: str) -> Refused:
    return Refused(
        "format-unsupported",
        f"{name} is of no kind that can be read; give GeoJSON, GeoPackage, a zipped Shapefile, "
        "FlatGeobuf, KML, DXF or CSV.",
    )


def _open_zip(path: Path, folder: Path, limits: Limits, name: str) -> Upload:
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, name, limits)
            return _unpack(archive, members, folder, name, limits)
    except _DAMAGE as error:
        raise Refused("zip-corrupt", f"{name} is a damaged ZIP ({error}).") from error
    except (NotImplementedError, RuntimeError) as error:
        raise Refused(
            "zip-corrupt", f"{name} is encrypted or packed in an unknown way ({error})."
        ) from error


_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
)
"""What the library raises on damaged archives, found by feeding it noise."""


def _members(
    archive: zipfile.ZipFile, name: str, limits: Limits
) -> list[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """Return the files of an archive with their true names, none of them dangerous."""
    entries = archive.infolist()
    if len(entries) > limits.entries:
        raise Refused(
            "zip-entries",
            f"{name} holds {len(entries):,} entries; at most {limits.entries:,} are taken.",
        )
    members = []
    for entry in entries:
        shown = _true_name(entry)
        _refuse_dangerous(entry, shown, name)
        if not entry.is_dir():
            members.append((PurePosixPath(shown), entry))
    unpacked = sum(entry.file_size for _, entry in members)
    packed = sum(entry.compress_size for _, entry in members)
    if unpacked > limits.unpacked or unpacked > limits.ratio * max(packed, 1_000):
        raise Refused(
            "zip-ratio",
            f"{name} would unpack to {unpacked:,} bytes from {packed:,}; that is no drawing.",
        )
    return members


def _true_name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry; Windows Explorer writes GBK where the flag is not set."""
    if entry.flag_bits & _UTF_8_NAMES:
        return entry.filename
    raw = entry.orig_filename.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _refuse_dangerous(entry: zipfile.ZipInfo, shown: str, name: str) -> None:
    parts = shown.replace("\\", "/").split("/")
    if "\\" in shown or shown.startswith("/") or ".." in parts or ":" in parts[0]:
        raise Refused("zip-path", f"{name} holds an entry that leaves its folder ({shown[:60]}).")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused("zip-symlink", f"{name} holds a symbolic link ({shown[:60]}).")
    if shown.lower().endswith(".zip"):
        raise Refused("zip-nested", f"{name} holds another ZIP ({shown[:60]}); unpack it first.")


def _unpack(
    archive: zipfile.ZipFile,
    members: Sequence[tuple[PurePosixPath, zipfile.ZipInfo]],
    folder: Path,
    name: str,
    limits: Limits,
) -> Upload:
    shapes = [path for path, _ in members if path.suffix.lower() == ".shp"]
    others = [each for each in members if each[0].suffix.lower() in _SINGLE]
    if len(shapes) + len(others) > 1:
        listed = ", ".join(str(path) for path in [*shapes, *(p for p, _ in others)])
        raise Refused("layer-ambiguous", f"{name} holds several layers ({listed}); send one.")
    if shapes:
        return _unpack_shapefile(archive, members, shapes[0], folder, limits)
    if others:
        target = folder / f"layer{others[0][0].suffix.lower()}"
        _write(archive, others[0][1], target, limits)
        with target.open("rb") as stream:
            return Upload(_kind_of(stream.read(4096), others[0][0].name), target, others[0][0].name)
    parts = sorted({path.suffix.lower() for path, _ in members})
    if ".dbf" in parts or ".shx" in parts:
        raise Refused("shapefile-incomplete", f"{name} holds {', '.join(parts)}, but no .shp.")
    raise _unsupported(name)


_SINGLE = (".geojson", ".json", ".gpkg", ".fgb", ".kml", ".dxf", ".csv")


def _unpack_shapefile(
    archive: zipfile.ZipFile,
    members: Sequence[tuple[PurePosixPath, zipfile.ZipInfo]],
    shape: PurePosixPath,
    folder: Path,
    limits: Limits,
) -> Upload:
    found: dict[str, zipfile.ZipInfo] = {}
    for path, entry in members:
        same = path.parent == shape.parent and path.stem.lower() == shape.stem.lower()
        if same and path.suffix.lower() in SHAPEFILE_KEPT:
            found[path.suffix.lower()] = entry
    if missing := [part for part in SHAPEFILE_PARTS if part not in found]:
        raise Refused(
            "shapefile-incomplete",
            f"{shape.name} comes without {', '.join(missing)}; pack all parts of the Shapefile.",
        )
    for part, entry in found.items():
        _write(archive, entry, folder / f"layer{part}", limits)
    return Upload("shapefile", folder / "layer.shp", shape.name)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, limits: Limits) -> None:
    """Unpack one entry, and no more than it may be, whatever the directory says."""
    left = limits.unpacked
    with archive.open(entry) as source, target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise Refused("zip-ratio", f"{entry.filename} unpacks to more than it says.")
            sink.write(chunk)
