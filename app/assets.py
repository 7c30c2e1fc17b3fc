"""Our scripts, styles and pictures, under addresses that change when any of them does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from .links import IMMUTABLE
from .scripts import plain_script

if TYPE_CHECKING:
    from fastapi import FastAPI
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


def _joined_styles(directory: Path) -> bytes:
    return b"".join((directory / "atlas" / name).read_bytes() for name in ("base.css", "atlas.css"))


def _joined_scripts(directory: Path) -> bytes:
    return plain_script(directory, "atlas/main.js", is_alone=False).encode()


Join = Callable[[Path], bytes]

JOINED: Mapping[str, Join] = {
    "atlas/joined.css": _joined_styles,
    "atlas/joined.js": _joined_scripts,
}
"""The map page's own styles, and its script with all that it imports, each as one file."""


def media_type_of(name: str) -> str:
    """Return the media type of a file by the ending of its name."""
    return _MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


class StaticTree:
    """The files below ``app/static``.

    Their addresses hold a digest of the whole tree, so that a browser may keep each for ever and
    modules can import one another by relative paths. Some are joined from others, so that a page
    asks for few; see `JOINED`.
    """

    def __init__(
        self, directory: Path = STATIC_DIRECTORY, joined: Mapping[str, Join] = JOINED
    ) -> None:
        self._directory = directory
        self._joined = {name: join(directory) for name, join in joined.items()}
        self._digest = _tree_digest(directory, self._joined)

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
        if path not in self._joined and not (self._directory / path).is_file():
            raise FileNotFoundError(f"app/static has no file {path}.")
        return f"/static/{self._digest}/{path}"

    def mount(self, app: FastAPI) -> None:
        """Let an application serve the tree."""
        app.mount(f"/static/{self._digest}", _ImmutableFiles(self._directory, self._joined))


class _ImmutableFiles(StaticFiles):
    def __init__(self, directory: Path, joined: Mapping[str, bytes]) -> None:
        super().__init__(directory=directory)
        self._joined = joined

    async def get_response(self, path: str, scope: Scope) -> Response:
        content = self._joined.get(path)
        if content is None or scope["method"] not in {"GET", "HEAD"}:
            response = await super().get_response(path, scope)
        else:
            headers = {"etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'}
            response = Response(content, headers=headers, media_type="text/plain")
            if self.is_not_modified(response.headers, Headers(scope=scope)):
                response = NotModifiedResponse(response.headers)
        response.headers["Cache-Control"] = IMMUTABLE
        media_type = _MEDIA_TYPES.get(Path(path).suffix.lower())
        if media_type and "content-type" in response.headers:
            response.headers["Content-Type"] = media_type
        return response


def _tree_digest(directory: Path, joined: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(b"".join(joined.values()))
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(directory).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
