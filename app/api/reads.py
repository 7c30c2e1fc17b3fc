"""The reads that are asked for most, answered from the read model without the framework.

A FastAPI route costs more than the answer it gives. So pages of items and single items are put
together here, once, for whoever asks: the server's protocol (`app.server`), which sends them at
once, and the routes of `app.api.features`, which come here for everything that is not a page for
people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

import orjson
from cachetools import LRUCache

from app.links import GEOJSON, HTML, IMMUTABLE, JSON, Link, link, prefers_html
from app.security import HEADERS
from layers.crs import CRS84_URI
from layers.errors import AtlasError
from layers.packed import BETWEEN, feature_json, feature_tag

from .parameters import parse_items_query, query_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.published import Published, State
    from layers.packed import Positions
    from layers.snapshot import LayerSnapshot

    from .parameters import ItemsQuery

Buffer = bytes | memoryview
Headers = list[tuple[bytes, bytes]]

_COLLECTIONS = b"/api/collections/"
_VERSION = version("shizhong-atlas").encode()


class Ready(NamedTuple):
    """An answer whose bytes are there.

    Attributes
    ----------
    body : sequence of buffers
        Sent one behind the other; empty for 304.
    """

    status: int
    headers: Headers
    body: Sequence[Buffer]

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return sum(map(len, self.body))


@dataclass(frozen=True, slots=True)
class Where:
    """The address under which a client asked.

    Attributes
    ----------
    base : str
        Scheme and host of this server, as the client knows it.
    path, query : bytes
        As they were sent.
    """

    base: str
    path: bytes
    query: bytes

    def address(self, path: str | None = None, **changes: object) -> str:
        """Return an address of this server: this one with some parameters changed, or another."""
        if path is not None:
            return self.base + path
        query = self.query.decode("latin-1")
        if any(name in query for name in changes) or "%" in query:
            query = "&".join(part for part in query.split("&") if _name(part) not in changes)
        for name, value in changes.items():
            if value is not None:
                query += f"{'&' if query else ''}{name}={value}"
        here = self.base + self.path.decode("latin-1")
        return f"{here}?{query}" if query else here

    def at(self, path: str) -> Where:
        """Return another place of this server, without parameters."""
        return Where(self.base, path.encode(), b"")

    def tag(self, *parts: bytes) -> bytes:
        """Return what changes when this address, or what is answered there, does."""
        named = (_VERSION, self.base.encode(), self.path, self.query, *parts)
        return blake2b(b"\0".join(named), digest_size=12).hexdigest().encode()


def _name(part: str) -> str:
    return unquote_to_bytes(part.partition("=")[0]).decode("utf-8", "replace")


class Reads:
    """Answers reads from the state that is shown now, where that takes no time.

    Parameters
    ----------
    published : Published
    public_url : str, optional
        Address of the atlas as clients know it; else it is what each request says.
    """

    def __init__(self, published: Published, public_url: str | None = None) -> None:
        self._published = published
        self._public_url = public_url
        self._state: State | None = None
        self._kept = _kept()

    def answer(self, url: bytes, headers: Headers) -> Ready | None:
        """Return the answer to a GET request, or None where the application has to give it.

        Parameters
        ----------
        url : bytes
            Path and query as they were sent.
        headers : list of (bytes, bytes)
            Names in lower case.
        """
        if not url.startswith(_COLLECTIONS):
            return None
        state = self._published.at_once
        if state is None:
            return None
        known, host = b"", b""
        for name, value in headers:
            if name == b"host":
                host = value
            elif name == b"if-none-match":
                known = value
            elif (name == b"accept" and _wants_page(value)) or name in _FOR_THE_APPLICATION:
                return None
        if state is not self._state:
            self._state, self._kept = state, _kept()
        ready = self._kept.get((host, url))
        if ready is None:
            ready = self._read(state, url, host)
            if ready is None:
                return None
            if ready.size <= _LARGEST_KEPT:
                ready = ready._replace(body=(b"".join(ready.body),))
                self._kept[host, url] = ready
        etag = ready.headers[0][1]
        if known and is_known(etag, known):
            immutable = b"/revisions/" in url
            return Ready(304, _revision_headers(etag), ()) if immutable else not_modified(etag)
        return ready

    def _read(self, state: State, url: bytes, host: bytes) -> Ready | None:
        path, _, query = url.partition(b"?")
        parts = path[len(_COLLECTIONS) :].split(b"/")
        if not host or len(parts) < 2:
            return None
        if parts[1] == b"revisions":
            return None if query else _revision(state, parts)
        if len(parts) > 3 or parts[1] != b"items":
            return None
        try:
            snapshot = state.atlas.layers.get(unquote_to_bytes(parts[0]).decode())
            if snapshot is None:
                return None
            base = self._public_url or f"http://{host.decode('latin-1')}"
            where = Where(base, path, query)
            if len(parts) == 2:
                return self._items(snapshot, where)
            if query:
                return None
            return item_answer(snapshot, unquote_to_bytes(parts[2]).decode(), where)
        except (AtlasError, UnicodeDecodeError):
            # The application says what is wrong, in the form that the client prefers.
            return None

    def _items(self, snapshot: LayerSnapshot, where: Where) -> Ready | None:
        query = parse_items_query(query_pairs(where.query), snapshot.layer)
        if not query.is_as_stored or query.revision is not None or b"f=html" in where.query:
            return None
        if b"min_seq=" in where.query or not snapshot.answers_at_once(query.query):
            return None
        return items_answer(snapshot, query, where)


def _revision(state: State, parts: Sequence[bytes]) -> Ready | None:
    """Return the newest revision of a whole layer, if it is asked for and small."""
    snapshot = state.atlas.layers.get(parts[0].decode("latin-1"))
    if snapshot is None or len(parts) != 4 or parts[3] != b"items" or not snapshot.history.known:
        return None
    document = snapshot.document
    if parts[2] != snapshot.revision_id.encode() or len(document) > _LARGEST_KEPT:
        return None
    headers = [
        *_revision_headers(revision_etag(snapshot)),
        (b"accept-ranges", b"bytes"),
        (b"content-type", GEOJSON.encode()),
        (b"content-length", b"%d" % len(document)),
    ]
    return Ready(200, headers, [document])


def revision_etag(snapshot: LayerSnapshot, encoding: str | None = None) -> bytes:
    """Return the entity tag of a whole layer in a content coding, None for the plain bytes."""
    coded = f"-{encoding}" if encoding else ""
    return f'"{snapshot.digest[:32]}{coded}"'.encode()


def _revision_headers(etag: bytes) -> Headers:
    return [
        (b"etag", etag),
        (b"cache-control", IMMUTABLE.encode()),
        (b"vary", b"Accept-Encoding"),
        *HEADERS,
    ]


_LARGEST_KEPT = 1_000_000
_KEPT = 64_000_000
"""Bytes of answers that are kept, each as long as the state that it shows."""


def _kept() -> LRUCache[tuple[bytes, bytes], Ready]:
    return LRUCache(_KEPT, getsizeof=lambda ready: ready.size + 1_000)


_FOR_THE_APPLICATION = frozenset(
    [b"accept-encoding", b"x-forwarded-proto", b"range", b"authorization"]
)
"""What a request may have that changes the answer in ways that are not known here."""


@lru_cache(maxsize=256)
def _wants_page(accept: bytes) -> bool:
    return prefers_html(accept.decode("latin-1"))


def items_answer(
    snapshot: LayerSnapshot, query: ItemsQuery, where: Where, known: bytes = b""
) -> Ready:
    """Return a page of items, or 304 if the client has it.

    Parameters
    ----------
    known : bytes
        The header If-None-Match.
    """
    etag = b'"' + where.tag(snapshot.digest.encode()) + b'"'
    if known and is_known(etag, known):
        return not_modified(etag)
    body: list[Buffer]
    found = snapshot.select(query.query)
    page = found[query.offset : query.offset + query.limit]
    links = orjson.dumps(items_links(snapshot, query, where, len(found)))
    head = b'{"type":"FeatureCollection","numberMatched":%d,"numberReturned":%d,"links":%b,' % (
        len(found),
        len(page),
        links,
    )
    head += b'"features":[\n'
    if not query.is_as_stored:
        body = [head, BETWEEN.join(rendered(snapshot, page, query)), b"\n]}\n"]
    elif len(slices := snapshot.page(page)) == 1:
        body = [head, slices[0], b"\n]}\n"]
    else:
        body = [head, BETWEEN.join(slices), b"\n]}\n"]
    return _ready(etag, body, query.crs.uri)


def item_answer(
    snapshot: LayerSnapshot,
    item_id: str,
    where: Where,
    known: bytes = b"",
    query: ItemsQuery | None = None,
) -> Ready:
    """Return one item, or 304 if the client has it.

    Raises
    ------
    NotFound
        If there is no such item.
    """
    position = snapshot.position(item_id)
    stored = snapshot.packed.json(position)
    etag = b'"' + feature_tag(stored) + b"." + where.tag(stored) + b'"'
    if known and is_known(etag, known):
        return not_modified(etag)
    if query is not None and not query.is_as_stored:
        (stored,) = rendered(snapshot, range(position, position + 1), query)
    collection = where.address(f"/api/collections/{snapshot.layer.id}")
    links = [*self_links(where, GEOJSON), link(collection, "collection", JSON, "Collection")]
    body = stored[:-1] + b',"links":' + orjson.dumps(links) + b"}\n"
    return _ready(etag, [body], CRS84_URI if query is None else query.crs.uri)


def not_modified(etag: bytes) -> Ready:
    """Return the answer to a client that has what it asks for."""
    return Ready(304, _headers(etag), ())


def is_known(etag: bytes, known: bytes) -> bool:
    """Tell whether If-None-Match names an entity tag (RFC 9110, section 13.1.2)."""
    tags = [tag.strip().removeprefix(b"W/") for tag in known.split(b",")]
    return etag in tags or b"*" in tags


def rendered(
    snapshot: LayerSnapshot, positions: range | Positions, query: ItemsQuery
) -> list[bytes]:
    """Return features in another system, or with some of their members only."""
    records = [orjson.loads(snapshot.packed.json(int(each))) for each in positions]
    if query.skip_geometry:
        for record in records:
            record["geometry"] = None
    elif not query.crs.is_crs84:
        shapes = snapshot.packed.geometries(positions)
        for record, geometry in zip(records, query.crs.documents(shapes), strict=True):
            record["geometry"] = geometry
    if query.properties is not None:
        for record in records:
            record["properties"] = {
                name: value
                for name, value in record["properties"].items()
                if name in query.properties
            }
    return [feature_json(record) for record in records]


def self_links(where: Where, media_type: str) -> list[Link]:
    """Return the links to this document and to its page (Part 1, section 7.2)."""
    return [
        link(where.address(), "self", media_type, "This document"),
        link(where.address(f="html"), "alternate", HTML, "As a page"),
    ]


def items_links(
    snapshot: LayerSnapshot, query: ItemsQuery, where: Where, matched: int
) -> list[Link]:
    """Return the links beside a page of items: itself, its collection, the pages around it."""
    collection = where.address(f"/api/collections/{snapshot.layer.id}")
    links = [*self_links(where, GEOJSON), link(collection, "collection", JSON, "Collection")]
    if query.offset + query.limit < matched:
        href = where.address(offset=query.offset + query.limit)
        links.append(link(href, "next", GEOJSON, "Next page"))
    if query.offset > 0:
        href = where.address(offset=max(0, query.offset - query.limit) or None)
        links.append(link(href, "prev", GEOJSON, "Previous page"))
    return links


def _ready(etag: bytes, body: Sequence[Buffer], crs: str) -> Ready:
    headers = _headers(etag)
    headers.append((b"content-type", GEOJSON.encode()))
    headers.append((b"content-length", b"%d" % sum(map(len, body))))
    headers.append((b"content-crs", f"<{crs}>".encode()))
    return Ready(200, headers, body)


def _headers(etag: bytes) -> Headers:
    return [(b"etag", etag), *_CONSTANT]


_CONSTANT: Headers = [
    (b"cache-control", b"no-cache"),
    (b"vary", b"Accept, Accept-Encoding"),
    *HEADERS,
]
