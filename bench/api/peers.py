"""The servers side by side: how each is started with one worker, and under which addresses it asks.

Each is set up as its own documentation recommends for production, on the same features with the
indexes that the requests need.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from bench.parcels import BOX

from .processes import Running, free_port, program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .postgres import Postgres
    from .processes import Cores

ROOT = Path(__file__).parents[2]
CONNECTIONS = 8


class Ask(NamedTuple):
    """A request for features: one of an id, the whole layer of a revision, or a page."""

    limit: int = 10
    offset: int = 0
    bbox: tuple[float, ...] = ()
    equal: tuple[str, str] | None = None
    item: str = ""
    revision: str = ""

    @property
    def behind(self) -> tuple[str, list[str]]:
        """What stands behind the address of the collection, and the parameters."""
        if self.item:
            return f"/items/{self.item}", []
        if self.revision:
            return f"/revisions/{self.revision}/items", []
        parameters = [f"limit={self.limit}"]
        if self.offset:
            parameters.append(f"offset={self.offset}")
        if self.bbox:
            parameters.append(f"bbox={','.join(f'{each:.7f}' for each in self.bbox)}")
        if self.equal:
            parameters.append("=".join(map(quote, self.equal)))
        return "/items", parameters


class Tile(NamedTuple):
    """A request for a vector tile."""

    z: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Site:
    """A server that runs.

    Attributes
    ----------
    base : str
        Scheme, host and port.
    collection, tile : str
        Paths; the second with braces for z, x and y, empty where there are no tiles.
    extra : tuple of str
        Parameters that each request for features needs.
    pids : sequence of int
        Its processes and those of its database.
    own : sequence of int
        Without the database.
    connections : int
        How many clients ask at the same time.
    """

    name: str
    base: str
    collection: str
    pids: Sequence[int]
    own: Sequence[int]
    extra: tuple[str, ...] = ()
    tile: str = ""
    connections: int = CONNECTIONS

    def path(self, ask: Ask | Tile) -> str | None:
        """Return the path and query of a request; None where this server has no such thing."""
        if isinstance(ask, Tile):
            return self.tile.format(z=ask.z, x=ask.x, y=ask.y) or None
        path, parameters = ask.behind
        query = "&".join([*self.extra, *parameters])
        return f"{self.collection}{path}{f'?{query}' if query else ''}"


class MapServerSite(Site):
    """MapServer 8.0 ignores `offset` (its issue 6613) and knows no filter; its WFS has both."""

    def path(self, ask: Ask | Tile) -> str | None:
        """Return the path and query of a request."""
        if isinstance(ask, Tile) or not (ask.offset or ask.equal):
            return super().path(ask)
        layer = self.collection.rpartition("/")[2]
        query = f"{_WFS}&typenames={layer}&count={ask.limit}&startindex={ask.offset}"
        if ask.equal:
            query += f"&filter={quote(_FES.format(*ask.equal))}"
        return f"/mapserv?{query}"


_WFS = "map=BENCH&service=WFS&version=2.0.0&request=GetFeature&outputformat=geojson"
_FES = (
    '<fes:Filter xmlns:fes="http://www.opengis.net/fes/2.0"><fes:PropertyIsEqualTo>'
    "<fes:ValueReference>{}</fes:ValueReference><fes:Literal>{}</fes:Literal>"
    "</fes:PropertyIsEqualTo></fes:Filter>"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where servers are started.

    Attributes
    ----------
    folder : Path
        For their configuration and logs; temporary.
    """

    folder: Path
    cores: Cores
    layer: str

    def run(self, name: str, *command: str, **environment: str) -> Running:
        """Start a program on the servers' core, with a log of its own."""
        return Running(
            command,
            log=self.folder / f"{name}.log",
            cores=self.cores.servers,
            environment=environment,
            folder=self.folder,
        )


def start_atlas(
    setting: Setting, home: Path, name: str = "atlas", *, workers: int = 1, **environment: str
) -> tuple[Site, Running]:
    """Start this atlas on the store of a home folder."""
    port = free_port()
    options = ["--workers", str(workers)] if workers > 1 else []
    running = setting.run(
        name, sys.executable, "-m", "app", "serve", "--port", str(port), *options,
        ATLAS_HOME=str(home), ATLAS_DATA=str(home / "data"), PYTHONPATH=str(ROOT),
        # All requests come from one client here.
        ATLAS_RATE_LIMIT="", **environment,
    )  # fmt: skip
    base, collection = f"http://127.0.0.1:{port}", f"/api/collections/{setting.layer}"
    tile = f"{collection}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    pids = (running.pid,)
    return Site(name, base, collection, pids, pids, tile=tile), running


def start_tipg(setting: Setting, programs: Path, postgres: Postgres) -> tuple[Site, Running]:
    """Start tipg on PostGIS."""
    port = free_port()
    running = setting.run(
        "tipg", str(programs / "uvicorn"), "tipg.main:app", "--port", str(port), "--no-access-log",
        DATABASE_URL=postgres.address, TIPG_DB_SCHEMAS='["public"]',
    )  # fmt: skip
    return Site(
        "tipg",
        f"http://127.0.0.1:{port}",
        f"/collections/public.{setting.layer}",
        (running.pid, postgres.pid),
        (running.pid,),
        extra=("f=geojson",),
        tile=f"/collections/public.{setting.layer}/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}",
    ), running


def start_pygeoapi(
    setting: Setting, programs: Path, source: Postgres | Path
) -> tuple[Site, Running]:
    """Start pygeoapi on PostGIS or on a GeoPackage."""
    port = free_port()
    on_file = isinstance(source, Path)
    name = "pygeoapi-gpkg" if on_file else "pygeoapi"
    configuration = setting.folder / f"{name}.yml"
    described = setting.folder / f"{name}-openapi.yml"
    # JSON is YAML.
    configuration.write_text(json.dumps(_pygeoapi(setting.layer, port, source)))
    known = {"PYGEOAPI_CONFIG": str(configuration), "PYGEOAPI_OPENAPI": str(described)}
    environment = {**known, "SPATIALITE_LIBRARY_PATH": "mod_spatialite.so"}
    script = f"{programs}/pygeoapi openapi generate {configuration} --output-file {described} && "
    script += f"exec {programs}/uvicorn "
    script += f"pygeoapi.starlette_app:APP --port {port} --no-access-log --log-level warning"
    running = setting.run(name, "sh", "-c", script, **environment)
    pids = (running.pid,) if isinstance(source, Path) else (running.pid, source.pid)
    collection = f"/collections/{setting.layer}"
    return Site(
        name,
        f"http://127.0.0.1:{port}",
        collection,
        pids,
        (running.pid,),
        extra=("f=json",),
        # With more its provider, which shares one SQLite cursor, answers some with 500.
        connections=1 if on_file else CONNECTIONS,
    ), running


def _pygeoapi(layer: str, port: int, source: Postgres | Path) -> dict[str, object]:
    provider: dict[str, object] = {"type": "feature", "id_field": "code", "table": layer}
    if isinstance(source, Path):
        provider |= {"name": "SQLiteGPKG", "data": str(source)}
    else:
        data = {
            "host": "127.0.0.1", "port": source.port, "dbname": "bench", "user": "atlas",
            "password": "-", "search_path": ["public"],
        }  # fmt: skip
        provider |= {"name": "PostgreSQL", "data": data, "geom_field": "geom"}
    text = {"title": "bench", "description": "bench", "keywords": ["bench"]}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "gzip": False,
            "languages": ["en-US"],
            "cors": False,
            "pretty_print": False,
            "limits": {"default_items": 10, "max_items": 10_000},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": "-"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {**text, "terms_of_service": "-", "url": "http://127.0.0.1"},
            "license": {"name": "-", "url": "http://127.0.0.1"},
            "provider": {"name": "-", "url": "http://127.0.0.1"},
            "contact": {"name": "-", "url": "http://127.0.0.1"},
        },
        "resources": {
            layer: {
                "type": "collection",
                **text,
                "links": [],
                "extents": {"spatial": {"bbox": list(BOX)}},
                "providers": [provider],
            }
        },
    }


def start_mapserver(setting: Setting, postgres: Postgres) -> tuple[Site, list[Running]]:
    """Start one FastCGI process of MapServer on PostGIS, behind nginx."""
    port, folder, layer = free_port(), setting.folder, setting.layer
    (folder / "bench.map").write_text(_MAP.format(layer=layer, port=port, database=postgres.port))
    known = f'CONFIG ENV MS_MAP_NO_PATH "1" END MAPS BENCH "{folder}/bench.map" END END'
    (folder / "mapserver.conf").write_text(known)
    worker = setting.run(
        "mapserv", program("spawn-fcgi"), "-n", "-s", f"{folder}/mapserv.sock", "-M", "0666", "--",
        program("mapserv"), MAPSERVER_CONFIG_FILE=f"{folder}/mapserver.conf",
    )  # fmt: skip
    front = start_nginx(setting, "mapserver-nginx", _FASTCGI.format(folder=folder), port)
    collection = f"/mapserv/BENCH/ogcapi/collections/{layer}"
    own = (worker.pid, front.pid)
    tile = f"/mapserv?map=BENCH&layers={layer}&mode=tile&tilemode=gmap"
    return MapServerSite(
        "mapserver", f"http://127.0.0.1:{port}", collection, (*own, postgres.pid), own,
        extra=("f=json",), tile=f"{tile}&tile={{x}}+{{y}}+{{z}}&map.imagetype=mvt",
    ), [worker, front]  # fmt: skip


def start_nginx(setting: Setting, name: str, location: str, port: int) -> Running:
    """Start nginx with one worker."""
    folder = setting.folder / name
    folder.mkdir(exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    written = _NGINX.format(folder=folder, user=user, port=port, location=location)
    (folder / "nginx.conf").write_text(written)
    command = (program("nginx"), "-p", str(folder), "-c", "nginx.conf", "-e", "error.log")
    return setting.run(name, *command)


FILES = "location / {{ root {folder}; default_type application/geo+json; }}"
"""Files as they are, with an entity tag of nginx's own."""

_NGINX = """
daemon off; {user} worker_processes 1; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off; error_log {folder}/error.log crit;
  sendfile on; tcp_nopush on; keepalive_timeout 600; keepalive_requests 1000000000;
  open_file_cache max=20000 inactive=600s; open_file_cache_valid 600s; etag on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} backlog=1024; {location} }}
}}
"""

_FASTCGI = """
location ~ ^/mapserv(?<rest>/.*)?$ {{
  fastcgi_pass unix:{folder}/mapserv.sock; fastcgi_buffers 64 64k;
  fastcgi_param REQUEST_METHOD $request_method; fastcgi_param QUERY_STRING $query_string;
  fastcgi_param SCRIPT_NAME /mapserv; fastcgi_param PATH_INFO $rest;
  fastcgi_param SERVER_NAME $server_name; fastcgi_param SERVER_PORT $server_port;
  fastcgi_param SERVER_PROTOCOL $server_protocol; fastcgi_param REQUEST_URI $request_uri;
}}
"""

_MAP = """
MAP
  NAME "bench" EXTENT {box} SIZE 256 256 UNITS DD
  PROJECTION "init=epsg:4326" END
  OUTPUTFORMAT NAME "mvt" DRIVER MVT FORMATOPTION "EXTENT=4096" FORMATOPTION "EDGE_BUFFER=10" END
  OUTPUTFORMAT
    NAME "geojson" DRIVER "OGR/GEOJSON" MIMETYPE "application/json"
    FORMATOPTION "STORAGE=stream" FORMATOPTION "FORM=SIMPLE"
  END
  WEB METADATA
    "oga_title" "bench" "oga_enable_request" "*" "ows_enable_request" "*" "oga_max_limit" "10000"
    "wfs_getfeature_formatlist" "geojson" "ows_srs" "EPSG:4326"
    "oga_onlineresource" "http://127.0.0.1:{{port}}/mapserv/BENCH/ogcapi"
  END END
  LAYER
    NAME "{{layer}}" TYPE POLYGON STATUS ON TEMPLATE "void"
    CONNECTIONTYPE POSTGIS PROCESSING "CLOSE_CONNECTION=DEFER"
    CONNECTION "host=127.0.0.1 port={{database}} user=atlas dbname=bench"
    DATA "geom FROM {{layer}} USING UNIQUE code USING SRID=4326"
    PROJECTION "init=epsg:4326" END
    METADATA
      "oga_title" "{{layer}}" "oga_description" "bench" "gml_include_items" "all"
      "gml_featureid" "code" "gml_year_type" "Integer" "gml_area_m2_type" "Real"
      "oga_extent" "{box}" "ows_srs" "EPSG:4326"
    END
    CLASS STYLE COLOR 0 0 0 END END
  END
END
""".format(box=" ".join(map(str, BOX)))
