"""Writes the site: everything is rendered before anything is put in place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import orjson

from app.i18n import LANGUAGES
from app.pages.context import page_href
from layers.errors import SiteRefused
from layers.geojson import feature_document
from layers.tiles.matrices import WEB_MERCATOR

from .addresses import BASE, Addresses, Page, file_name, item_file
from .asking import Visitor
from .contents import all_pages, layer_downloads, map_layers, search_entries
from .folder import Folder
from .home import home_page
from .rewriting import rewrite
from .scripts import content, data_script, needed
from .tiles import write_tiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import FastAPI

    from app.published import State

    Tell = Callable[[int, int], None]

_ATTEMPTS = 3
_ANYTHING = "*/*"


class Written(NamedTuple):
    """What became of a folder.

    Attributes
    ----------
    pages, files : int
        What the site has.
    changed, removed : int
        Files that this run wrote, and that it took away.
    size : int
        Bytes of the whole site.
    missing : tuple of str
        Downloads that there are none of, because a layer is too large for the format.
    """

    pages: int
    files: int
    changed: int
    removed: int
    size: int
    missing: tuple[str, ...]


def write_site(app: FastAPI, path: Path, tell: Tell) -> Written:
    """Write the whole public atlas into a folder.

    Parameters
    ----------
    app : FastAPI
        Made with `BASE` as its public address.
    path : Path
        An empty folder, one that there is not yet, or one with an older site.
    tell : callable
        Told how many pages are done, of how many.

    Raises
    ------
    SiteRefused
        If the folder holds something else, an address does not answer, or something is published
        again and again meanwhile. The older site is as it was.
    OSError
        If the folder cannot be written.
    """
    for _ in range(_ATTEMPTS):
        folder = Folder(path)
        folder.begin()
        try:
            state = asyncio.run(app.state.published.renew())
            pages, missing = asyncio.run(_render(app, state, folder, tell))
            if asyncio.run(app.state.published.renew()).sequence != state.sequence:
                continue
            firsts = [Page("/", each).file for each in reversed(LANGUAGES)]
            removed = folder.finish(firsts)
        finally:
            folder.abandon()
        size = sum((path / each).stat().st_size for each in folder.files)
        return Written(
            pages, len(folder.files), len(folder.changed), len(removed), size, tuple(missing)
        )
    raise SiteRefused("Something was published each time the site was being written; try later.")


async def _render(app: FastAPI, state: State, folder: Folder, tell: Tell) -> tuple[int, list[str]]:
    async with Visitor(app) as visitor:
        downloads, missing = await _put_downloads(visitor, state, folder)
        pages = list(all_pages(state.atlas))
        refs = _put_features(state, folder)
        addresses = Addresses(pages, downloads, refs)
        for done, page in enumerate(pages, start=1):
            folder.put(page.file, await _page(app, visitor, state, page, addresses))
            tell(done, len(pages))
        for layer_id, address, file in map_layers(state.atlas):
            folder.put(file, data_script(layer_id, await visitor.read(address, _ANYTHING)))
        tiles = f"/api/tiles/{WEB_MERCATOR}?f=tilejson"
        tilejson = orjson.loads(await visitor.read(tiles, _ANYTHING))
    for name, figure in state.maps.items():
        folder.put(f"maps/{file_name(name)}.js", figure.script)
    if write_tiles(folder.room("tiles/atlas.pmtiles"), state.atlas, tilejson):
        folder.take("tiles/atlas.pmtiles")
    words = app.state.templates.wording(state.atlas, "zh")
    entries = search_entries(state.atlas, state.atlas.search, words)
    folder.put("data/search.js", data_script("search", orjson.dumps(entries)))
    for name in sorted(needed(addresses.used)):
        folder.put(f"static/{name}", content(name))
    return len(pages), missing


async def _page(
    app: FastAPI, visitor: Visitor, state: State, page: Page, addresses: Addresses
) -> bytes:
    templates = app.state.templates
    words = templates.wording(state.atlas, page.language)
    if page.path == "/":
        html = home_page(templates, words)
    else:
        html = (await visitor.read(page.address)).decode()
    said = words.gettext("这张地图由脚本绘制；没有画出来的话，请看：")
    note = said, words.gettext("静态地图和列表"), f"{page_href(None, page.language)}#content"
    written = rewrite(html, page.file, addresses, note)
    if BASE.encode() in written:
        raise SiteRefused(f"{page.address} names an address of the server; the site is as it was.")
    return written


async def _put_downloads(
    visitor: Visitor, state: State, folder: Folder
) -> tuple[list[str], list[str]]:
    """Take each layer in each format; return the files, and those that a layer is too large for."""
    found, missing = [], []
    for address, file in layer_downloads(state.atlas):
        content = await visitor.read_if_there(address, _ANYTHING)
        if content is None:
            missing.append(file)
            continue
        folder.put(file, content)
        found.append(file)
    return found, missing


def _put_features(state: State, folder: Folder) -> list[str]:
    refs = []
    for layer_id, snapshot in state.atlas.listed.items():
        for feature in snapshot.features:
            refs.append(f"{layer_id}/{feature.id}")
            folder.put(item_file(refs[-1]), orjson.dumps(feature_document(feature)))
    return refs
