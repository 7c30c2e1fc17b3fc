"""Files that were sent and wait to become a draft, kept on disk until they do.

Each has a folder of its own with a random name. What was sent, what is told of it and what was
found in it are written whole or not at all, so that a reload, a restart or a lost connection finds
either of two states. Names of files are kept as texts; none ever becomes a path.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import orjson

from .errors import InvalidParameter, NotFound, StoreUnavailable
from .imports import SHAPEFILE_KEPT, Limits, Told, refuse_size
from .roles import has_right

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .accounts import Account

KEPT = timedelta(days=7)
"""After which a file that became nothing is removed."""

MOST_WAITING = 50
"""Files of one person that may wait at a time."""

LONGEST_NAME = 200

_ID = re.compile(r"[A-Za-z0-9_-]{16}")
_HALF_MADE = ".making-"
_CHUNK = 1 << 20
_COMPANIONS = (*SHAPEFILE_KEPT, ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".shp.xml")
"""Files that come with a .shp of the same name."""

Part: TypeAlias = tuple[str, IO[bytes]]
Step: TypeAlias = Literal["reading", "checking", "ready", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Upload:
    """What was sent, and what is told of it.

    Attributes
    ----------
    owner : str
        Name of the account that sent it.
    name : str
        As it was sent; never part of a path.
    size : int
        Bytes.
    told : Told
        What a person says of it, against what is guessed.
    repairs : Mapping
        GeoJSON geometry that a person takes instead of an invalid one, by the feature's id.
    run : str
        Changes whenever something else is told: what was found belongs to one run.
    draft : int or None
        Number of the draft that it became; the file itself is gone then.
    """

    id: str
    owner: str
    created: datetime
    name: str
    size: int
    layer_id: str
    told: Told = field(default_factory=Told)
    repairs: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    run: str = ""
    draft: int | None = None

    @property
    def expires(self) -> datetime:
        """When it is removed if nothing becomes of it."""
        return self.created + KEPT

    def may_be_seen(self, account: Account) -> bool:
        """Tell whether it is somebody's own, or they review."""
        return self.owner == account.name or has_right(account.role, "review")


class Progress(NamedTuple):
    """How far the work on an upload is.

    Attributes
    ----------
    reason, sentence : str
        Why the file was refused.
    choices : tuple of str
        Columns between which a person has to choose first.
    """

    step: Step
    reason: str = ""
    sentence: str = ""
    choices: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.step in {"ready", "refused", "failed"}


class UploadFolder:
    """Keeps what was sent.

    Parameters
    ----------
    folder : Path
        Made when something is first sent.
    """

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self._folder = folder
        self.limits = limits or Limits()

    def add(self, parts: Sequence[Part], *, owner: str, layer_id: str) -> Upload:
        """Keep a file, or the parts of a Shapefile, which are packed together.

        Parameters
        ----------
        parts : sequence of (name, stream)
            One file, or those that `group_parts` puts together.

        Raises
        ------
        Refused
            If it is too large.
        InvalidParameter
            If somebody has too many that wait.
        StoreUnavailable
            If the disk does not take it.
        """
        self.remove_old()
        if sum(each.owner == owner for each in self.list()) >= MOST_WAITING:
            raise InvalidParameter(
                "uploads", f"{MOST_WAITING} files of yours wait; finish some, or throw them away."
            )
        name = parts[0][0][:LONGEST_NAME] or "file"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=_HALF_MADE, dir=self._folder))
            try:
                return self._keep(made, name, parts, owner, layer_id)
            except BaseException:
                shutil.rmtree(made, ignore_errors=True)
                raise
        except OSError as error:
            raise StoreUnavailable(
                f"{name} cannot be kept ({error.strerror}); nothing of it was."
            ) from error

    def _keep(
        self, made: Path, name: str, parts: Sequence[Part], owner: str, layer_id: str
    ) -> Upload:
        content = made / "content"
        if len(parts) == 1:
            _copy(parts[0], content, self.limits)
        else:
            _pack(parts, content, self.limits)
        upload = Upload(
            id=secrets.token_urlsafe(12),
            owner=owner,
            created=datetime.now(UTC),
            name=name,
            size=content.stat().st_size,
            layer_id=layer_id,
            run=_new_run(),
        )
        _write(made / "upload.json", orjson.dumps(upload))
        made.rename(self._folder / upload.id)
        return upload

    def list(self) -> list[Upload]:
        """Return everything that waits, the newest first."""
        found = [self._read(each.name) for each in self._folders()]
        waiting = [each for each in found if each is not None and each.draft is None]
        return sorted(waiting, key=lambda each: each.created, reverse=True)

    def get(self, upload_id: str) -> Upload:
        """Return what was sent.

        Raises
        ------
        NotFound
            If there is nothing of this name, or no more.
        """
        upload = self._read(upload_id) if _ID.fullmatch(upload_id) else None
        if upload is None or upload.expires <= datetime.now(UTC):
            raise NotFound("There is no such upload, or it has been removed.")
        return upload

    def content(self, upload: Upload) -> Path:
        """Return where the file itself is."""
        return self._folder / upload.id / "content"

    def change(self, upload: Upload, **members: Any) -> Upload:
        """Keep an upload with other members; what was found before is not true any more."""
        changed = replace(upload, **members, run=_new_run())
        self._save(changed)
        shutil.rmtree(self._results(upload), ignore_errors=True)
        return changed

    def close(self, upload: Upload, draft: int) -> None:
        """Remember which draft an upload became, and remove what was sent."""
        self._save(replace(upload, draft=draft))
        self.content(upload).unlink(missing_ok=True)
        shutil.rmtree(self._results(upload), ignore_errors=True)

    def remove(self, upload: Upload) -> None:
        """Remove an upload with everything that belongs to it."""
        _remove(self._folder / upload.id)

    def remove_old(self) -> None:
        """Remove what has waited too long, and what a crash has left half made."""
        now = datetime.now(UTC)
        for each in self._folders():
            upload = self._read(each.name)
            if upload is not None and upload.expires <= now:
                _remove(each)
        for each in self._folder.glob(f"{_HALF_MADE}*"):
            with suppress(OSError):
                if each.stat().st_mtime < (now - timedelta(days=1)).timestamp():
                    shutil.rmtree(each, ignore_errors=True)

    def put_result(self, upload: Upload, name: str, content: bytes) -> bool:
        """Keep something that was found in an upload.

        Returns
        -------
        bool
            False if something else has been told meanwhile, or the upload is gone.
        """
        if not self.is_current(upload):
            return False
        results = self._results(upload)
        try:
            results.mkdir(exist_ok=True)
            _write(results / name, content)
        except FileNotFoundError:
            return False
        return True

    def result(self, upload: Upload, name: str) -> bytes | None:
        """Return something that was found in an upload as it is told now; None if it was not."""
        try:
            return self.result_path(upload, name).read_bytes()
        except FileNotFoundError:
            return None

    def result_path(self, upload: Upload, name: str) -> Path:
        """Return where something is that was found in an upload; see `result`."""
        return self._results(upload) / name

    def put_progress(self, upload: Upload, progress: Progress) -> bool:
        """Keep how far the work is; see `put_result`."""
        return self.put_result(upload, "progress.json", orjson.dumps(progress._asdict()))

    def progress(self, upload: Upload) -> Progress | None:
        """Return how far the work is; None if it has not begun."""
        found = self.result(upload, "progress.json")
        if found is None:
            return None
        record = orjson.loads(found)
        return Progress(**record | {"choices": tuple(record["choices"])})

    def is_current(self, upload: Upload) -> bool:
        """Tell whether nothing else has been told since."""
        now = self._read(upload.id)
        return now is not None and now.run == upload.run and now.draft is None

    def _results(self, upload: Upload) -> Path:
        return self._folder / upload.id / upload.run

    def _folders(self) -> Iterator[Path]:
        if self._folder.is_dir():
            yield from (each for each in self._folder.iterdir() if _ID.fullmatch(each.name))

    def _save(self, upload: Upload) -> None:
        try:
            _write(self._folder / upload.id / "upload.json", orjson.dumps(upload))
        except FileNotFoundError:
            raise NotFound("There is no such upload, or it has been removed.") from None

    def _read(self, upload_id: str) -> Upload | None:
        try:
            record = orjson.loads((self._folder / upload_id / "upload.json").read_bytes())
        except FileNotFoundError:
            return None
        created = datetime.fromisoformat(record["created"])
        return Upload(**record | {"created": created, "told": Told(**record["told"])})


def group_parts(names: Sequence[str]) -> list[list[int]]:
    """Return which of the files that were sent together are one: the parts of a Shapefile.

    Returns
    -------
    list of list of int
        Positions in `names`; the .shp of a Shapefile comes first.
    """
    shapes = {_split(name)[0]: i for i, name in enumerate(names) if _split(name)[1] == ".shp"}
    groups: dict[int, list[int]] = {i: [i] for i in shapes.values()}
    seen = {_split(names[i]) for i in groups}
    for i, name in enumerate(names):
        stem, suffix = _split(name)
        if i in groups:
            continue
        if stem in shapes and suffix in _COMPANIONS and (stem, suffix) not in seen:
            groups[shapes[stem]].append(i)
            seen.add((stem, suffix))
        else:
            groups[i] = [i]
    return [groups[i] for i in sorted(groups)]


def _split(name: str) -> tuple[str, str]:
    """Return the name of a file without its ending, and the ending, both in lower case."""
    base = name.replace("\\", "/").rpartition("/")[2].lower()
    suffix = ".shp.xml" if base.endswith(".shp.xml") else f".{base.rpartition('.')[2]}"
    return base.removesuffix(suffix), suffix


def _new_run() -> str:
    return f"run-{secrets.token_hex(8)}"


def _copy(part: Part, target: Path, limits: Limits) -> None:
    """Write a file as it comes, and no more than may be taken."""
    name, source = part
    size = 0
    with target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            refuse_size(name[:LONGEST_NAME], size, limits)
            sink.write(chunk)
        sink.flush()
        os.fsync(sink.fileno())


def _pack(parts: Sequence[Part], target: Path, limits: Limits) -> None:
    """Write the parts of a Shapefile as the ZIP that an office would have made."""
    stem = re.sub(r"[^\w.-]", "_", _split(parts[0][0])[0]) or "layer"
    size = 0
    with target.open("xb") as sink:
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            for name, source in parts:
                with archive.open(f"{stem}{_split(name)[1]}", "w", force_zip64=True) as entry:
                    while chunk := source.read(_CHUNK):
                        size += len(chunk)
                        refuse_size(name[:LONGEST_NAME], size, limits)
                        entry.write(chunk)
        sink.flush()
        os.fsync(sink.fileno())


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=_HALF_MADE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def _remove(folder: Path) -> None:
    """Remove a folder so that nobody sees a part of it."""
    aside = folder.with_name(f"{_HALF_MADE}{secrets.token_hex(8)}")
    with suppress(FileNotFoundError):
        folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)
