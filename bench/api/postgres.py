"""A PostgreSQL server of its own for the peers, with the layer in a table."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from .processes import Unusable, free_port, run

if TYPE_CHECKING:
    import geopandas

_OPTIONS = "-c listen_addresses=127.0.0.1 -c shared_buffers=512MB -c max_connections=50"
_TABLE = (
    "CREATE TABLE {} (code text PRIMARY KEY, name text, use text, street text, year integer, "
    "area_m2 double precision, geom geometry(Polygon, 4326))"
)
_INDEXES = (
    "CREATE INDEX ON {} USING gist (geom)",
    "CREATE INDEX ON {} (use)",
    "CREATE INDEX ON {} (street)",
)


class Postgres:
    """Runs in a temporary folder, as its own user where the benchmark is root, which it refuses.

    Attributes
    ----------
    port : int
        On 127.0.0.1, where whoever asks is trusted.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="atlas-bench-pg-"))
        self._prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._prefix:
            shutil.chown(self._folder, "postgres")
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda x: int(x.parent.name))
        if not found:
            raise Unusable("PostgreSQL is not installed")
        self._programs = found[-1]

    @property
    def address(self) -> str:
        """The address of the database."""
        return f"postgresql://atlas@127.0.0.1:{self.port}/bench"

    @property
    def pid(self) -> int:
        """The first process of the server."""
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Make the cluster and the database with PostGIS."""
        data, log = str(self._folder / "data"), str(self._folder / "log")
        self._run("initdb", "-D", data, "-U", "atlas", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {self.port} -k {self._folder} {_OPTIONS}"
        self._run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
        with psycopg.connect(self.address.replace("/bench", "/postgres"), autocommit=True) as new:
            new.execute("CREATE DATABASE bench")
        with psycopg.connect(self.address) as inside:
            inside.execute("CREATE EXTENSION postgis")

    def stop(self) -> None:
        """End the server and remove its folder."""
        if (self._folder / "data" / "postmaster.pid").is_file():
            self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def load(self, table: str, frame: geopandas.GeoDataFrame) -> None:
        """Copy a layer into a table with the indexes that its requests need."""
        wkb = frame.geometry.to_wkb(hex=True)
        names = [name for name in frame.columns if name != "geometry"]
        columns = [frame[name].tolist() for name in names] + [wkb.tolist()]
        with psycopg.connect(self.address) as connection:
            connection.execute(_TABLE.format(table))
            statement = f"COPY {table} ({', '.join(names)}, geom) FROM STDIN"
            with connection.cursor().copy(statement) as copy:
                for row in zip(*columns, strict=True):
                    copy.write_row(row)
            for index in _INDEXES:
                connection.execute(index.format(table))
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(f"VACUUM ANALYZE {table}")

    def _run(self, name: str, *arguments: str) -> None:
        run(*self._prefix, str(self._programs / name), *arguments, cwd="/")
