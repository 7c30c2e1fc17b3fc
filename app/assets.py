"""Our scripts, styles and pictures, under addresses that change when any of them does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.staticfiles import StaticFiles

from .links import IMMUTABLE

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response
    from starlette.types import Scope

STATIC_DIRECTORY = Path(__file__).parent / "static"

# Said here because the machine's own table may lack a type or, on Windows, name a wrong one; a
# browser that is told not to guess would then refuse the file.
_MEDIA_TYPES = {
    "": "text/plain; charset=utf-8",
    ".conf": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".env": "text/plain; charset=utf-8",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".service": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".timer": "text/plain; charset=utf-8",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}


def media_type_of(name: str) -> str:
    """Return the media type of a file by the ending of its name."""
    return _MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


class StaticTree:
    """The files below ``app/static``.

    Their addresses hold a digest of the whole tree, so that a browser may keep each for ever and
    modules can import one another by relative paths.
    """

    def __init__(self, directory: Path = STATIC_DIRECTORY) -> None:
        self._directory = directory
        self._digest = _tree_digest(directory)

    def href(self, path: str) -> str:
        """Return the address of a file.

        Parameters
        ----------
        path : str
            Relative to the tree, as in ``atlas/main.js``.

        Raises
        ------
        FileNotFoundError
            If there is no such file; pages are rendered before anybody visits them.
        """
        if not (self._directory / path).is_file():
            raise FileNotFoundError(f"app/static has no file {path}.")
        return f"/static/{self._digest}/{path}"

    def mount(self, app: FastAPI) -> None:
        """Let an application serve the tree."""
        app.mount(f"/static/{self._digest}", _ImmutableFiles(directory=self._directory))


class _ImmutableFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = IMMUTABLE
        media_type = _MEDIA_TYPES.get(Path(path).suffix.lower())
        if media_type and "content-type" in response.headers:
            response.headers["Content-Type"] = media_type
        return response


def _tree_digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(directory).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
