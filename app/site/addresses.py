"""Which file an address of the atlas becomes, and how one file leads to another."""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.i18n import Language

BASE = "http://atlas.invalid"
"""What the application is told that it is called; nothing of it may be left in a file."""

ROWS = 500
"""Rows of a table in one file."""

_PLAIN = re.compile(r"[a-z0-9_\-\u3400-\u9fff]{1,80}")
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]|index")
_STATIC = re.compile(r"/static/[0-9a-f]+/((?:atlas|vendor)/.+)")
_MAP_SCRIPT = re.compile(r"/maps/([^/]+)\.[0-9a-f]{16}\.js")
_OVERVIEW = re.compile(r"/api/collections/([^/]+)/revisions/[^/]+/overview")
_DOWNLOAD = re.compile(r"/api/collections/([^/]+)/download\.(geojson|csv)")
_ITEM = re.compile(r"/api/collections/([^/]+)/items/([^/]+)")
_ITEMS = re.compile(r"/api/collections/([^/]+)/items")


class Page(NamedTuple):
    """An address that has a file.

    Attributes
    ----------
    path : str
        Without host, as in ``/zones/north``.
    offset : int
        The first row, of a table that fills several files.
    """

    path: str
    language: Language = "zh"
    offset: int = 0

    @property
    def address(self) -> str:
        """Where the application answers with it."""
        query: dict[str, object] = {}
        if self.path.startswith("/tables/"):
            query["limit"] = ROWS
        if self.offset:
            query["offset"] = self.offset
        if self.language == "en":
            query["lang"] = "en"
        return f"{self.path}?{urlencode(query)}" if query else self.path

    @property
    def file(self) -> str:
        """Its file, relative to the site."""
        name = "/".join(file_name(each) for each in self.path.strip("/").split("/") if each)
        rows = f".{self.offset}" if self.offset else ""
        return f"{name or 'index'}{rows}{'.en' if self.language == 'en' else ''}.html"


def file_name(segment: str) -> str:
    """Return the name of a file for a part of an address.

    It is one on every file system: those that take capitals for small letters, those that know
    few signs, and those with reserved names. Different parts have different names.
    """
    text = unquote(segment)
    if _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    readable = re.sub(r"[^a-z0-9\u3400-\u9fff]+", "-", text.lower())[:24].strip("-")
    return f"{readable}~{hashlib.sha256(text.encode()).hexdigest()[:12]}"


class Addresses:
    """Finds the file of an address.

    Parameters
    ----------
    pages : collection of Page
    downloads : collection of str
        Files of whole layers that the site has, as in ``downloads/zones.csv``.
    features : collection of str
        ``layer/feature`` of what has a file of its own.
    """

    def __init__(
        self, pages: Collection[Page], downloads: Collection[str], features: Collection[str]
    ) -> None:
        self._pages = frozenset(pages)
        self._downloads = frozenset(downloads)
        self._features = frozenset(features)
        self.used: set[str] = set()
        """Scripts and styles that files lead to, relative to the application's own."""

    def lead(self, link: str, here: str) -> str | None:
        """Return a link as it stands in a file of the site; None where it leads out of it.

        Parameters
        ----------
        link : str
            As the application wrote it.
        here : str
            The file that it stands in.
        """
        if link.startswith(("#", "data:")):
            return link
        parts = urlsplit(link.removeprefix(BASE) or "/")
        if parts.scheme or parts.netloc or not parts.path.startswith("/"):
            return None
        file = self._file(parts.path, dict(parse_qsl(parts.query)))
        if file is None:
            return None
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        if file == here and fragment:
            return fragment
        return quote(posixpath.relpath(file, posixpath.dirname(here) or ".")) + fragment

    def _file(self, path: str, query: dict[str, str]) -> str | None:
        return self._resource(path) or self._page(path, query) or self._data(path, query)

    def _resource(self, path: str) -> str | None:
        if found := _STATIC.fullmatch(path):
            self.used.add(unquote(found[1]))
            return f"static/{unquote(found[1])}"
        if found := _MAP_SCRIPT.fullmatch(path):
            return f"maps/{file_name(found[1])}.js"
        if found := _OVERVIEW.fullmatch(path):
            return f"data/{file_name(found[1])}.js"
        return None

    def _page(self, path: str, query: dict[str, str]) -> str | None:
        language: Language = "en" if query.pop("lang", "zh") == "en" else "zh"
        if path == "/" and query.get("f"):
            layer, _, feature = query.pop("f").partition("/")
            path = f"/features/{quote(layer, safe='')}/{quote(feature, safe='')}"
        offset = "0"
        if path.startswith("/tables/"):
            query.pop("limit", None)
            offset = query.pop("offset", offset)
        page = Page(path, language, int(offset) if offset.isdecimal() else -1)
        return page.file if page in self._pages and not query else None

    def _data(self, path: str, query: dict[str, str]) -> str | None:
        format_ = query.pop("f", None)
        if (found := _DOWNLOAD.fullmatch(path)) and not query:
            file = f"downloads/{file_name(found[1])}.{found[2]}"
            return file if file in self._downloads else None
        if found := _ITEM.fullmatch(path):
            ref = f"{unquote(found[1])}/{unquote(found[2])}"
            return item_file(ref) if format_ == "json" and ref in self._features else None
        if (found := _ITEMS.fullmatch(path)) and not query:
            return self._page(f"/tables/{found[1]}", {})
        return None


def item_file(ref: str) -> str:
    """Return the file of the data of a feature, which ``layer/feature`` names."""
    layer, _, feature = ref.partition("/")
    return f"features/{file_name(quote(layer))}/{file_name(quote(feature))}.geojson"
