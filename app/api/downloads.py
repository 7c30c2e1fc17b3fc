"""A collection, or what is filtered of it, as a file of the formats that offices use."""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, DownloadsDep, PublishedDep, TemplatesDep
from app.downloads import Written
from app.i18n import parse_language
from app.links import GEOJSON, address, attachment, link
from app.wording import day
from layers.errors import InvalidParameter, NotFound
from layers.model import Feature
from layers.packed import HEAD, TAIL
from layers.served import EVERYTHING, as_collection
from layers.snapshot import LayerSnapshot

from .buffers import buffer_answer
from .operations import filter_parameters, in_path, reference, sorting_parameters
from .operations import get as described
from .parameters import parse_items_query, query_pairs, whole_number

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from app.downloads import Downloads
    from app.links import Link
    from app.wording import Wording
    from layers.model import Layer
    from layers.served import ServedLayer

    from .operations import Schema
    from .parameters import ItemsQuery

router = APIRouter(prefix="/api")


class FileKind(NamedTuple):
    """A kind of file that can be asked for.

    Attributes
    ----------
    most : int
        Features that one may hold: beyond, writing it would take minutes or gigabytes.
    """

    title: str
    media_type: str
    most: int


KINDS: dict[str, FileKind] = {
    "geojson": FileKind("GeoJSON", GEOJSON, 1_000_000),
    "gpkg": FileKind("GeoPackage", "application/geopackage+sqlite3", 200_000),
    "shp.zip": FileKind("Shapefile", "application/zip", 200_000),
    "fgb": FileKind("FlatGeobuf", "application/flatgeobuf", 200_000),
    "kml": FileKind("KML", "application/vnd.google-earth.kml+xml", 50_000),
    "dxf": FileKind("DXF", "image/vnd.dxf", 50_000),
    "csv": FileKind("CSV", "text/csv; charset=utf-8", 200_000),
    "parquet": FileKind("GeoParquet", "application/vnd.apache.parquet", 200_000),
}
"""By the ending of the file's name."""

_BESIDE = frozenset(["f", "lang", "min_seq", "crs", "revision"])
"""Parameters that leave all features as they are and where they are."""


@router.api_route("/collections/{collection_id}/download.{ending}", methods=["GET", "HEAD"])
def get_download(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    downloads: DownloadsDep,
    templates: TemplatesDep,
    collection_id: str,
    ending: str,
) -> Response:
    """Return exactly the items that are asked for as a file; all of them without a filter."""
    snapshot = atlas.layer(collection_id)
    kind = _kind(ending)
    pairs = query_pairs(request.scope["query_string"])
    asked = parse_items_query(pairs, snapshot.layer)
    given = dict(pairs)
    if asked.start.after is not None:
        raise InvalidParameter("after", "Parameter after is of pages; parts of a file have offset.")
    if asked.revision is not None:
        snapshot = published.revision(snapshot, snapshot.history.find(asked.revision))
    limit = _limit(given.get("limit"))
    _refuse_wrong_count(snapshot, asked, limit, ending)
    words = templates.wording(atlas, parse_language(given.get("lang")))
    is_part = not given.keys() <= {*_BESIDE, "sortby"}
    disposition = _disposition(words, snapshot, ending, is_part=is_part)
    if request.method == "HEAD":
        # The file is not written to say how long it would be.
        answer = Response(media_type=kind.media_type, headers={"Content-Disposition": disposition})
        del answer.headers["content-length"]
        return answer
    key = (collection_id, snapshot.digest) if given.keys() <= _BESIDE else None
    written = _write(downloads, snapshot, asked, limit, ending, key)
    headers = {
        "ETag": f'"{written.digest[:32]}"',
        "Cache-Control": "no-cache",
        "Content-Disposition": disposition,
    }
    return buffer_answer(request, written.content, kind.media_type, headers)


def _kind(ending: str) -> FileKind:
    if ending not in KINDS:
        raise NotFound(f"There are no .{ending[:20]} files; there are {', '.join(KINDS)}.")
    return KINDS[ending]


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    limit = whole_number("limit", text)
    if limit < 1:
        raise InvalidParameter("limit", "Parameter limit must be at least 1.")
    return limit


def _refuse_wrong_count(
    snapshot: ServedLayer, asked: ItemsQuery, limit: int | None, ending: str
) -> None:
    """Refuse what is too much for one file, and what would be a file without a single column."""
    found = max(0, snapshot.read(asked.query, 1).matched - asked.offset)
    count = found if limit is None else min(found, limit)
    kind = KINDS[ending]
    if count == 0 and ending != "geojson":
        raise NotFound(
            f"No item of {snapshot.layer.id} is what you ask for, so that there is nothing to "
            f"write into a .{ending} file."
        )
    if count > kind.most:
        others = [name for name, each in KINDS.items() if each.most >= count]
        instead = f", or take {' or '.join(others)}" if others else ""
        raise InvalidParameter(
            "limit",
            f"{count:,} items are asked for; a .{ending} file is written of at most "
            f"{kind.most:,}. Narrow them down with bbox or filter, take them in parts with limit "
            f"and offset{instead}.",
        )


def _write(
    downloads: Downloads,
    snapshot: ServedLayer,
    asked: ItemsQuery,
    limit: int | None,
    ending: str,
    key: Hashable | None,
) -> Written:
    """Return the file; GeoJSON has the bytes that it has elsewhere too, put together anew."""

    def features() -> Iterator[Feature]:
        return _features(snapshot, asked, limit)

    if ending == "geojson" and asked.is_as_stored:
        if isinstance(snapshot, LayerSnapshot):
            return _stored(snapshot, asked, limit)
        return downloads.join(lambda: as_collection(features()), key)
    suffix = ".zip" if ending == "shp.zip" else f".{ending}"
    return downloads.write(snapshot.layer, lambda: list(features()), suffix, asked.crs.code, key)


def _stored(snapshot: LayerSnapshot, asked: ItemsQuery, limit: int | None) -> Written:
    page = snapshot.read(asked.query, snapshot.count if limit is None else limit, asked.start)
    if asked.query == EVERYTHING and len(page) == snapshot.count:
        return Written(snapshot.document, snapshot.digest)
    content = b"".join([HEAD, *page.members(), TAIL])
    return Written(memoryview(content), sha256(content).hexdigest())


def _features(snapshot: ServedLayer, asked: ItemsQuery, limit: int | None) -> Iterator[Feature]:
    """Yield what is asked for, with the properties that are asked for."""
    end = None if limit is None else asked.offset + limit
    for feature in islice(snapshot.stream(asked.query), asked.offset, end):
        if asked.properties is None and not asked.skip_geometry:
            yield feature
            continue
        properties = {
            name: value
            for name, value in feature.properties.items()
            if asked.properties is None or name in asked.properties
        }
        yield Feature(feature.id, None if asked.skip_geometry else feature.geometry, properties)


def _disposition(words: Wording, snapshot: ServedLayer, ending: str, *, is_part: bool) -> str:
    """Return the name of a file for clients of every kind (RFC 6266, RFC 8187).

    What is only a part of the collection says so, since a file outlives the address that it came
    from.
    """
    shown = snapshot.shown
    of = day(shown.created)
    revision = words.say("第{number}版", number=shown.number)
    part = words.gettext("-筛选") if is_part else ""
    plain = f"{snapshot.layer.id}-{shown.number}-{of}{'-part' if is_part else ''}"
    return attachment(plain, words.title(snapshot.layer), f"-{revision}-{of}{part}", ending)


def download_links(request: Request, collection_id: str) -> list[Link]:
    """Return the links to a collection as files."""
    path = f"/api/collections/{collection_id}/download"
    return [
        link(address(request, f"{path}.{ending}"), "enclosure", kind.media_type, kind.title)
        for ending, kind in KINDS.items()
    ]


def describe(layer: Layer) -> Schema:
    """Return the OpenAPI path of a collection's files."""
    names = ["limit", "offset", "revision", "crs", "skipGeometry"]
    ending = in_path("ending", "Kind of file", {"type": "string", "enum": list(KINDS)})
    binary = {"schema": {"type": "string", "format": "binary"}}
    kinds: Schema = {kind.media_type: binary for kind in KINDS.values()}
    kinds[GEOJSON] = {"schema": {"$ref": "#/components/schemas/FeatureCollection"}}
    return {
        f"/collections/{layer.id}/download.{{ending}}": described(
            f"{layer.id}.download",
            f"{layer.title}: items as a file",
            "FeatureCollection",
            parameters=[
                ending,
                *map(reference, names),
                *filter_parameters(layer),
                *sorting_parameters(layer),
            ],
            missing=True,
            refusals=["416"],
            answers={
                "200": {"description": "The file", "content": kinds},
                "206": {"description": "A part of it", "content": kinds},
            },
        )
    }
