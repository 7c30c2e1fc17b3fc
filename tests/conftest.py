"""What tests of every kind share: data that may be broken, and a plan that nobody has issued."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from shapely.geometry import box

from app.settings import Settings
from layers.catalogue import bundled_data, read_bundle
from layers.geojson import write_features
from layers.model import Feature
from layers.publishing import seed_store
from layers.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# How long an example takes says more of the machine than of the atlas.
settings.register_profile("atlas", deadline=None)
settings.load_profile("atlas")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deselect-postgresql", action="store_true", help="Run on SQLite only.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--deselect-postgresql"):
        needed = [
            item
            for item in items
            if "postgresql" in item.keywords
            or {"make_cluster", "database"} & set(getattr(item, "fixturenames", ()))
        ]
        config.hook.pytest_deselected(items=needed)
        items[:] = [item for item in items if item not in needed]


@pytest.fixture(scope="session")
def built_docs(tmp_path_factory) -> Path:
    """Build the documents as make docs does, and return their folder."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=Path(__file__).parents[1], env=environment, check=True)
    return folder


PLAN_TEXT = """试写规划
二 〇 二六年一月
第一章总则
试写开篇
为检验图集而写,共三章。今后五年产值力争超过120亿元。
第二章空间
第一节北部
“一埠”,即老商埠。先修老商埠二期,再修大观园。
总部企业聚集圈先谋划、后建设。沿经十路布局。
第二节 西 部
党家“智慧城”另行选址,党家片区先行。二环西“创智谷”同步推进。
第三章落实
强化督查。
办好事情。
"""
"""Written for the tests; it names places of the atlas, with traps for whoever links them."""


@pytest.fixture(scope="session")
def plan_text() -> str:
    return PLAN_TEXT


class Cluster:
    """A PostgreSQL server of its own, which listens on a socket only.

    It refuses to run as root, so that it runs as its own user where the tests are root.
    """

    def __init__(self, folder: Path, options: str = "") -> None:
        self.folder = folder
        self.data = folder / "data"
        versions = Path("/usr/lib/postgresql").iterdir()
        self._programs = max(versions, key=lambda each: int(each.name)) / "bin"
        as_root = os.geteuid() == 0
        self._prefix = ["runuser", "-u", "postgres", "--"] if as_root else []
        if as_root:
            shutil.chown(folder, "postgres")
        self._template = ""
        self._options = f"-k {folder} -c listen_addresses='' -c max_connections=60 {options}"

    @property
    def address(self) -> str:
        """The address of a database, with braces for its name."""
        return f"postgresql://atlas@/{{}}?host={self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        command = [*self._prefix, str(self._programs / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def create(self, *options: str) -> None:
        self.run(
            "initdb", "-D", str(self.data), "-U", "atlas", "-E", "UTF8", "--locale=C.UTF-8",
            "-A", "trust", *options,
        )  # fmt: skip

    def start(self) -> None:
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.data), "-o", self._options, "-l", log, "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def kill(self) -> None:
        """Send SIGKILL to the server, and wait until nothing of it is left."""
        process = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(process, signal.SIGKILL)
        while Path(f"/proc/{process}").exists() or self._is_attached():
            time.sleep(0.01)

    def _is_attached(self) -> bool:
        """Tell whether a process of a killed server still works in its folder."""
        for each in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if each.resolve() == self.data:
                    return True
            except OSError:
                continue
        return False

    def database(self) -> str:
        """Return the address of a new, empty database."""
        name = f"atlas_{uuid4().hex}"
        with psycopg.connect(self.address.format("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {self._with_postgis(connection)}")
        return self.address.format(name)

    def _with_postgis(self, connection: psycopg.Connection[Any]) -> str:
        """Return the name of an empty database with the extension, which takes a second to make."""
        if not self._template:
            connection.execute("CREATE DATABASE with_postgis")
            with psycopg.connect(self.address.format("with_postgis")) as inside:
                inside.execute("CREATE EXTENSION postgis")
            self._template = "with_postgis"
        return self._template


@pytest.fixture
def make_cluster() -> Iterator[Callable[..., Cluster]]:
    """Start clusters that a test may kill; what is left of them is removed."""
    made: list[Cluster] = []

    def make(options: str = "", *, create: bool = True, start: bool = True) -> Cluster:
        cluster = Cluster(Path(tempfile.mkdtemp(prefix="atlas-pg-")), options)
        made.append(cluster)
        if create:
            cluster.create()
        if create and start:
            cluster.start()
        return cluster

    yield make
    for cluster in made:
        if (cluster.data / "postmaster.pid").exists():
            with contextlib.suppress(subprocess.CalledProcessError):
                cluster.stop()
        shutil.rmtree(cluster.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Run one PostgreSQL server for all tests."""
    # In memory where there is room: what is synced a thousand times is synced at once there.
    memory = Path("/dev/shm")  # noqa: S108  a folder of our own in it
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="atlas-pg-", dir=memory if roomy else None)))
    cluster.create()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(cluster.folder)


@pytest.fixture(scope="session")
def postgresql(cluster: Cluster) -> str:
    """Return the address of the server's databases, with braces for the name."""
    return cluster.address


@pytest.fixture
def database(cluster: Cluster) -> str:
    """Return the address of an empty database."""
    return cluster.database()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Return where an empty store of each engine may be made."""
    if request.param == "sqlite":
        return tmp_path / "home" / "atlas.sqlite"
    return request.getfixturevalue("database")


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(bundled_data(), folder)
    return folder


PARCELS: dict[str, Any] = {
    "id": "parcels",
    "file": "parcels.geojson",
    "title": "地块",
    "title_en": "Parcels",
    "description": "测试用的地块",
    "description_en": "Parcels for the tests",
    "attribution": "",
    "attribution_en": "",
    "licence": "",
    "common": False,
    "id_column": "地块编号",
    "label": "用地名称",
    "geometry_types": ["Polygon", "MultiPolygon"],
    "geometry_required": True,
    "checks": ["coverage"],
    "style": {},
    "schema": {
        "properties": {
            "地块编号": {"title": "地块编号", "type": "string"},
            "用地名称": {"title": "用地名称", "type": ["string", "null"]},
            "用地代码": {"title": "用地代码", "enum": ["R2", "B1", "G1", "A33", "M1"]},
            "面积": {"title": "面积", "type": ["number", "null"], "minimum": 0},
        },
        "required": ["地块编号", "用地代码"],
    },
}
"""A layer with an office's own columns."""


LATE = "2026-11-01T16:30:00+00:00"
"""Half past midnight in Jinan, on the 2nd."""


@pytest.fixture
def late_home(tmp_path) -> Path:
    """Return the folder of an atlas whose projects changed late on 1 November, UTC."""
    home = tmp_path / "late"
    bundle = read_bundle(bundled_data())
    store = Store(Settings(home=home).store_address)
    seed_store(store, bundle)
    head = store.head("projects")
    features = [
        replace(each, properties={**each.properties, "name": "新名"})
        if each.id == "yufuhe"
        else each
        for each in store.features(head)
    ]
    store.publish("projects", features, base=head, kind="publish", author="a", message="改名")
    store.close()
    with contextlib.closing(sqlite3.connect(home / "atlas.sqlite")) as connection, connection:
        connection.execute("UPDATE revision SET created = '2026-10-01T04:00:00+00:00'")
        connection.execute(
            "UPDATE revision SET created = ? WHERE layer = 'projects' AND number = 2", [LATE]
        )
    return home


@pytest.fixture
def parcels(data) -> Path:
    """Declare a layer of parcels without features; returns the folder of the data."""
    path = data / "geojson" / "catalog.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["layers"].append(PARCELS)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    write_features(data / "geojson" / "parcels.geojson", [])
    return data


@pytest.fixture(scope="session")
def declare() -> Callable[..., Path]:
    """Write the shipped data with layers like the parcels beside it, each with changed members."""

    def write(folder: Path, *changes: dict[str, Any]) -> Path:
        shutil.copytree(bundled_data(), folder)
        path = folder / "geojson" / "catalog.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        for change in changes:
            entry = PARCELS | change
            document["layers"].append(entry | {"file": f"{entry['id']}.geojson"})
            write_features(folder / "geojson" / f"{entry['id']}.geojson", [])
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def edit_catalogue(parcels) -> Callable[..., None]:
    """Change members of a layer's entry in the catalogue."""

    def change(layer_id: str, **members: Any) -> None:
        path = parcels / "geojson" / "catalog.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        (entry,) = [each for each in document["layers"] if each["id"] == layer_id]
        entry.update(members)
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    return change


@pytest.fixture
def grid() -> list[Feature]:
    """Return twelve parcels side by side in the district, each a hundredth of a degree wide."""
    return [
        Feature(
            f"Z{row * 4 + column + 1:03}",
            box(
                116.95 + column / 100,
                36.55 + row / 100,
                116.96 + column / 100,
                36.56 + row / 100,
            ),
            {
                "地块编号": f"Z{row * 4 + column + 1:03}",
                "用地名称": f"居住用地（{row * 4 + column + 1}号）",
                "用地代码": "R2",
                "面积": 100.0,
            },
        )
        for row in range(3)
        for column in range(4)
    ]


@pytest.fixture
def edit(data) -> Callable[[str, Callable[[dict[str, Any]], None]], None]:
    """Change a GeoJSON file of the copy in place."""

    def change(file: str, how: Callable[[dict[str, Any]], None]) -> None:
        path = data / "geojson" / file
        document = json.loads(path.read_text(encoding="utf-8"))
        how(document)
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    return change
