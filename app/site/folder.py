"""A folder that is brought from one complete site to the next."""

from __future__ import annotations

import filecmp
import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from layers.errors import SiteRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = "site.json"
_STAGING = ".atlas-site"


@dataclass(slots=True)
class Folder:
    """Takes the files of a site beside the old ones, and puts them in place when all are there.

    Attributes
    ----------
    path : Path
    files : dict
        SHA-256 of every file, by its name relative to the folder.
    changed : set of str
        Those that differ from what is there.
    """

    path: Path
    files: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Make room for new files.

        Raises
        ------
        SiteRefused
            If the folder holds something that is no site.
        OSError
            If it cannot be written.
        """
        if self.path.exists() and not self.path.is_dir():
            raise SiteRefused(f"{self.path} is a file; name a folder.")
        known = self.path.is_dir() and any(
            (self.path / each).exists() for each in (MANIFEST, _STAGING)
        )
        if self.path.is_dir() and not known and any(self.path.iterdir()):
            raise SiteRefused(
                f"{self.path} holds files that no site has written; name an empty folder."
            )
        self._before()
        self.abandon()
        (self.path / _STAGING).mkdir(parents=True)

    def put(self, name: str, content: bytes) -> None:
        """Take a file."""
        path = self.room(name)
        path.write_bytes(content)
        self.take(name)

    def room(self, name: str) -> Path:
        """Return where a file is to be written; `take` it then."""
        path = self.path / _STAGING / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def take(self, name: str) -> None:
        """Take a file that was written; what is in place already stays as it is."""
        path, place = self.path / _STAGING / name, self.path / name
        with path.open("rb") as file:
            self.files[name] = hashlib.file_digest(file, "sha256").hexdigest()
        if place.is_file() and filecmp.cmp(path, place, shallow=False):
            path.unlink()
        else:
            self.changed.add(name)

    def finish(self, pointers: Iterable[str]) -> list[str]:
        """Put every file in place, the pointers last, and remove what is no longer part of it.

        Returns
        -------
        list of str
            What was removed.
        """
        before, last = self._before(), list(pointers)
        # Whatever happens from here on, the next run knows which files are a site's.
        self._write_manifest({**before, **self.files})
        for name in sorted(self.changed - set(last)):
            self._place(name)
        for name in last:
            if name in self.changed:
                self._place(name)
        removed = sorted(before.keys() - self.files.keys())
        for name in removed:
            self._remove(name)
        self._write_manifest(self.files)
        self.abandon()
        return removed

    def abandon(self) -> None:
        """Leave everything in place as it is, and nothing beside it."""
        shutil.rmtree(self.path / _STAGING, ignore_errors=True)

    def _place(self, name: str) -> None:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (self.path / _STAGING / name).replace(place)

    def _remove(self, name: str) -> None:
        place = self.path / name
        place.unlink(missing_ok=True)
        for parent in place.relative_to(self.path).parents[:-1]:
            if any((self.path / parent).iterdir()):
                break
            (self.path / parent).rmdir()

    def _before(self) -> dict[str, str]:
        """Return the files of the site that is there.

        Raises
        ------
        SiteRefused
            If its list of files is not one that was written here.
        """
        path = self.path / MANIFEST
        if not path.is_file():
            return {}
        try:
            known: Any = json.loads(path.read_text(encoding="utf-8"))["files"]
            # What is removed is named by this file, so that it may name nothing outside.
            sound = all(_is_inside(name) for name in known)
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            raise SiteRefused(f"{path} is not a site's list of its files; name an empty folder.")
        return dict(known)

    def _write_manifest(self, files: dict[str, str]) -> None:
        text = json.dumps({"files": dict(sorted(files.items()))}, ensure_ascii=False, indent=1)
        place = self.path / MANIFEST
        if not place.is_file() or place.read_text(encoding="utf-8") != f"{text}\n":
            self.room(MANIFEST).write_text(f"{text}\n", encoding="utf-8", newline="\n")
            self._place(MANIFEST)


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    plain = "\\" not in name and ":" not in name
    return bool(parts) and parts[0] != "/" and ".." not in parts and plain
