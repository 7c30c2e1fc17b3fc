"""The reads that are asked for most, answered from the read model without the framework.

A FastAPI route costs more than the answer it gives. So pages of items and single items are put
together here, once, for whoever asks: the server's protocol (`app.server`), which sends them at
once, and the routes of `app.api.features`, which come here for everything that is not a page for
people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_to_bytes
from zlib import MAX_WBITS, compress

import orjson
from cachetools import LRUCache

from app.links import GEOJSON, HTML, IMMUTABLE, JSON, MVT, POINTER, Link, link, prefers_html
from app.security import HEADERS
from layers.crs import CRS84_URI
from layers.encodings import ENCODINGS
from layers.errors import AtlasError
from layers.packed import BETWEEN, feature_json, feature_tag
from layers.snapshot import LayerSnapshot
from layers.tiles import find_matrix_set

from .parameters import parse_items_query, query_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.published import Published, State
    from layers.served import Page, ServedLayer
    from layers.snapshot import Atlas

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
    head : bytes
        The headers as they are sent, where they are kept so.
    """

    status: int
    headers: Headers
    body: Sequence[Buffer]
    head: bytes = b""

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
        here = self.base + self.path.decode("latin-1")
        query = self.query.decode("latin-1")
        if changes:
            parts = [part for part in query.split("&") if part and _name(part) not in changes]
            parts += [f"{name}={value}" for name, value in changes.items() if value is not None]
            query = "&".join(parts)
        return f"{here}?{query}" if query else here

    def at(self, path: str) -> Where:
        """Return another place of this server, without parameters."""
        return Where(self.base, path.encode(), b"")

    def tag(self, *parts: bytes) -> bytes:
        """Return what changes when this address, or what is answered there, does."""
        named = (_VERSION, self.base.encode(), self.path, self.query, *parts)
        return blake2b(b"\0".join(named), digest_size=12).hexdigest().encode()


def _name(part: str) -> str:
    name = part.partition("=")[0]
    return unquote_to_bytes(name).decode("utf-8", "replace") if "%" in name else name


class Reads:
    """Answers reads from the state that is shown now, where that takes no time.

    Parameters
    ----------
    published : Published
    public_url : str, optional
        Address of the atlas as clients know it; else it is what each request says.

    Attributes
    ----------
    answered : dict
        How many of its answers were sent before the application was asked, by status.
    """

    def __init__(self, published: Published, public_url: str | None = None) -> None:
        self._published = published
        self._public_url = public_url
        # What a proxy says of the scheme is not asked where it is set.
        self._not_here = _FOR_THE_APPLICATION - {b"x-forwarded-proto" if public_url else b""}
        self._state: State | None = None
        self._kept = _kept()
        self._asked: set[tuple[bytes, bytes]] = set()
        self.answered: dict[int, int] = {}

    def answer(self, url: bytes, headers: Headers) -> Ready | None:
        """Return the answer to GET or HEAD, or None where the application has to give it.

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
        known, host, coded = b"", b"", False
        for name, value in headers:
            if name == b"host":
                host = value
            elif name == b"if-none-match":
                known = value
            elif name == b"accept-encoding":
                coded = _takes_gzip(value)
            elif (name == b"accept" and _wants_page(value)) or name in self._not_here:
                return None
        if state is not self._state:
            self._state, self._kept = state, _kept()
            self._asked.clear()
        if b"/revisions/" in url and (ready := _revision(state, url, known, coded=coded)):
            return ready
        ready = self._kept.get((host, url, coded)) or self._new(state, url, host, coded=coded)
        if ready is None or not known:
            return ready
        (_, etag), (_, cache) = ready.headers[:2]
        return not_modified(etag, cache) if is_known(etag, known) else ready

    def _new(self, state: State, url: bytes, host: bytes, *, coded: bool) -> Ready | None:
        """Return an answer that is not kept; keep it if it is likely to be asked for again."""
        ready = self._read(state, url, host)
        if ready is None or ready.size > _LARGEST_KEPT:
            # What takes long to compress is left to the application.
            return None if coded else ready
        if coded:
            ready = _compressed(ready)
        elif (host, url) in self._asked:
            if len(ready.body) > 1:
                ready = ready._replace(body=(b"".join(ready.body),))
        else:
            if len(self._asked) >= _MOST_ASKED:
                self._asked.clear()
            self._asked.add((host, url))
            return ready
        ready = ready._replace(head=head_of(ready.headers))
        self._kept[host, url, coded] = ready
        return ready

    def _read(self, state: State, url: bytes, host: bytes) -> Ready | None:
        path, _, query = url.partition(b"?")
        parts = path[len(_COLLECTIONS) :].split(b"/")
        if len(parts) in _TILE_PARTS and parts[-5] == b"tiles" and not query:
            return _tile(state.atlas, parts)
        if not host or len(parts) not in {2, 3} or parts[1] != b"items":
            return None
        try:
            snapshot = state.atlas.layers.get(unquote_to_bytes(parts[0]).decode())
            if not isinstance(snapshot, LayerSnapshot):
                # What the database has to be asked takes time; the application has threads for it.
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


_TILE_PARTS = frozenset([6, 8])
"""Parts of a tile's address below ``/api/collections/``: of what is published now, of a digest."""


def _tile(atlas: Atlas, parts: list[bytes]) -> Ready | None:
    """Return a tile that is there or soon made; others are made where that keeps nobody waiting.

    What takes a few milliseconds would take the same from everybody in a thread of its own, since
    threads take turns.
    """
    try:
        collection, *revision, _, matrix_set_id, z, row, column = (
            unquote_to_bytes(part).decode() for part in parts
        )
        snapshot = atlas.layers.get(collection)
        if not isinstance(snapshot, LayerSnapshot):
            return None
        if revision and not _is_newest(snapshot, revision[1]):
            return None
        matrix_set = find_matrix_set(matrix_set_id)
        tile = snapshot.tiles.at_once(matrix_set, matrix_set.tile(z, row, column))
    except (AtlasError, UnicodeDecodeError):
        return None
    return None if tile is None else tile_answer(tile, is_immutable=bool(revision))


def head_of(headers: Headers) -> bytes:
    """Return headers as HTTP/1.1 has them (RFC 9112, section 5)."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _revision(state: State, url: bytes, known: bytes, *, coded: bool) -> Ready | None:
    """Return the newest revision of a whole layer, if it is small or the client has it.

    None where the application has to give it: compressed, in parts, or a little at a time.
    """
    parts = url[len(_COLLECTIONS) :].split(b"/")
    if len(parts) != 4 or parts[1] != b"revisions" or parts[3] != b"items":
        return None
    snapshot = state.atlas.layers.get(parts[0].decode("latin-1"))
    if not isinstance(snapshot, LayerSnapshot):
        return None
    if not _is_newest(snapshot, parts[2].decode("latin-1")):
        return None
    for coding in (None, *ENCODINGS):
        etag = revision_etag(snapshot, coding)
        if known and is_known(etag, known):
            return Ready(304, _revision_headers(etag), ())
    document = snapshot.document
    if coded or len(document) > _LARGEST_KEPT:
        return None
    headers = [
        *_revision_headers(revision_etag(snapshot)),
        (b"accept-ranges", b"bytes"),
        (b"content-type", GEOJSON.encode()),
        (b"content-length", b"%d" % len(document)),
    ]
    return Ready(200, headers, [document])


def revision_etag(snapshot: ServedLayer, encoding: str | None = None) -> bytes:
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


def _is_newest(snapshot: LayerSnapshot, revision_id: str) -> bool:
    """Tell whether an address names the newest revision; unknown where that takes time."""
    return bool(snapshot.history.known) and revision_id == snapshot.revision_id


_LARGEST_KEPT = 1_000_000
_KEPT = 64_000_000
"""Bytes of answers that are kept, each as long as the state that it shows.

To keep an answer costs as much as to make it, so that plain ones are when they are asked for again.
"""

_MOST_ASKED = 20_000
"""Addresses that are remembered for that."""


def _kept() -> LRUCache[tuple[bytes, bytes, bool], Ready]:
    return LRUCache(_KEPT, getsizeof=lambda ready: ready.size + 1_000)


_FOR_THE_APPLICATION = frozenset([b"x-forwarded-proto", b"range", b"authorization"])
"""What a request may have that changes the answer in ways that are not known here."""


@lru_cache(maxsize=256)
def _wants_page(accept: bytes) -> bool:
    return prefers_html(accept.decode("latin-1"))


@lru_cache(maxsize=256)
def _takes_gzip(accepted: bytes) -> bool:
    """Tell whether Accept-Encoding names gzip, the one that all clients know, with a weight."""
    parts = (part.partition(b";") for part in accepted.lower().split(b","))
    weights = {coding.strip(): weight.replace(b" ", b"") for coding, _, weight in parts}
    return _NONE.fullmatch(weights.get(b"gzip", b"q=0")) is None


_NONE = re.compile(rb"q=0(\.0*)?")
_SMALLEST_COMPRESSED = 500


def _compressed(ready: Ready) -> Ready:
    """Return an answer compressed with the level that costs less than to send what it saves."""
    if ready.size < _SMALLEST_COMPRESSED:
        return ready
    body = compress(b"".join(ready.body), level=1, wbits=_GZIP)
    changed = {b"etag": ready.headers[0][1][:-1] + b'-gzip"', b"content-length": b"%d" % len(body)}
    headers = [(name, changed.get(name, value)) for name, value in ready.headers]
    return Ready(ready.status, [*headers, (b"content-encoding", b"gzip")], (body,))


_GZIP = 16 + MAX_WBITS
"""What zlib calls its format with the head of gzip."""


def items_answer(
    snapshot: ServedLayer, query: ItemsQuery, where: Where, known: bytes = b""
) -> Ready:
    """Return a page of items, or 304 if the client has it.

    Parameters
    ----------
    known : bytes
        The header If-None-Match.
    """
    etag = b'"' + where.tag(snapshot.digest.encode()) + b'"'
    if known and is_known(etag, known):
        return not_modified(etag, _POINTER)
    body: list[Buffer]
    page = snapshot.read(query.query, query.limit, query.start)
    links = items_links(snapshot, query, where, page)
    head = b'{"type":"FeatureCollection","numberMatched":%d,"numberReturned":%d,"links":%b,' % (
        page.matched,
        len(page),
        orjson.dumps(links),
    )
    head += b'"features":[\n'
    if query.is_as_stored:
        body = [head, *page.members(), b"\n]}\n"]
    else:
        body = [head, BETWEEN.join(rendered(page, query)), b"\n]}\n"]
    ready = _ready(etag, body, query.crs.uri, _POINTER)
    ready.headers.extend(_link_header(each) for each in links if each["rel"] in {"next", "prev"})
    return ready


def _link_header(shown: Link) -> tuple[bytes, bytes]:
    """Return a link as a header (RFC 8288, section 3), for clients that read no body."""
    return b"link", f'<{shown["href"]}>; rel="{shown["rel"]}"; type="{shown["type"]}"'.encode()


def item_answer(
    snapshot: ServedLayer,
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
    page = snapshot.item(item_id)
    (stored,) = page.texts()
    etag = b'"' + feature_tag(stored) + b"." + where.tag(stored) + b'"'
    if known and is_known(etag, known):
        return not_modified(etag, _CURRENT)
    if query is not None and not query.is_as_stored:
        (stored,) = rendered(page, query)
    collection = where.address(f"/api/collections/{snapshot.layer.id}")
    links = [*self_links(where, GEOJSON), link(collection, "collection", JSON, "Collection")]
    body = stored[:-1] + b',"links":' + orjson.dumps(links) + b"}\n"
    crs = CRS84_URI if query is None else query.crs.uri
    return _ready(etag, [body], crs, _CURRENT)


def tile_answer(tile: bytes, *, is_immutable: bool, known: bytes = b"") -> Ready:
    """Return a tile, 204 if it holds nothing, or 304 if the client has it.

    The entity tag is of the bytes: a publish changes that of the tiles that look different.
    """
    etag = b'"' + sha256(tile).hexdigest()[:24].encode() + b'"'
    cache = IMMUTABLE.encode() if is_immutable else _POINTER
    if known and is_known(etag, known):
        return not_modified(etag, cache)
    headers = _headers(etag, cache)
    if not tile:
        return Ready(204, headers, ())
    headers.append((b"content-type", MVT.encode()))
    headers.append((b"content-length", b"%d" % len(tile)))
    return Ready(200, headers, [tile])


@lru_cache(maxsize=1024)
def not_modified(etag: bytes, cache: bytes) -> Ready:
    """Return the answer to a client that has what it asks for (RFC 9110, section 15.4.5)."""
    headers = _headers(etag, cache)
    return Ready(304, headers, (), head_of(headers))


def is_known(etag: bytes, known: bytes) -> bool:
    """Tell whether If-None-Match names an entity tag (RFC 9110, section 13.1.2)."""
    tags = [tag.strip().removeprefix(b"W/") for tag in known.split(b",")]
    return etag in tags or b"*" in tags


def rendered(page: Page, query: ItemsQuery) -> list[bytes]:
    """Return features in another system, or with some of their members only."""
    records = [orjson.loads(each) for each in page.texts()]
    if query.skip_geometry:
        for record in records:
            record["geometry"] = None
    elif not query.crs.is_crs84:
        for record, geometry in zip(records, query.crs.documents(page.geometries()), strict=True):
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


def items_links(snapshot: ServedLayer, query: ItemsQuery, where: Where, page: Page) -> list[Link]:
    """Return the links beside a page of items: itself, its collection, the pages around it."""
    collection = where.address(f"/api/collections/{snapshot.layer.id}")
    links = [*self_links(where, GEOJSON), link(collection, "collection", JSON, "Collection")]
    if page.next is not None:
        after = None if page.next.after is None else quote(page.next.after, safe="")
        href = where.address(after=after, offset=page.next.offset or None)
        links.append(link(href, "next", GEOJSON, "Next page"))
    if query.offset > 0:
        href = where.address(offset=max(0, query.offset - query.limit) or None)
        links.append(link(href, "prev", GEOJSON, "Previous page"))
    return links


def _ready(etag: bytes, body: Sequence[Buffer], crs: str, cache: bytes) -> Ready:
    size = sum(map(len, body))
    if size < _SOON_COPIED or len(body) > _MOST_PIECES:
        body = (b"".join(body),)
    headers = _headers(etag, cache)
    headers.append((b"content-type", GEOJSON.encode()))
    headers.append((b"content-length", b"%d" % size))
    headers.append((b"content-crs", f"<{crs}>".encode()))
    return Ready(200, headers, body)


_SOON_COPIED = 100_000
_MOST_PIECES = 500
"""Less is copied sooner than the system is told of each piece, and it takes so many at most."""


def _headers(etag: bytes, cache: bytes) -> Headers:
    return [(b"etag", etag), (b"cache-control", cache), *_CONSTANT]


_POINTER = POINTER.encode()
_CURRENT = b"no-cache"
"""Of an item: who edits it must not be shown a state of some seconds ago."""

_CONSTANT: Headers = [
    (b"vary", b"Accept, Accept-Encoding"),
    *HEADERS,
]
