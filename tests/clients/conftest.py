"""A running atlas for programs that staff use: QGIS, GDAL, OWSLib, geopandas."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from shapely.geometry import box

from layers.accounts import new_account, new_token
from layers.geojson import write_features
from layers.model import Feature
from layers.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Server(NamedTuple):
    """An atlas that answers at an address, and a token with which its parcels are edited."""

    api: str
    token: str


@pytest.fixture(scope="session")
def server(tmp_path_factory, declare) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("clients")
    data = declare(home / "data", {}, {"id": "edited"})
    write_features(data / "geojson" / "parcels.geojson", _parcels())
    # QGIS before 3.44 knows columns from features only: a layer that is edited has one at least.
    write_features(data / "geojson" / "edited.geojson", _parcels()[:1])
    secret = _token(Store(home / "atlas.sqlite"))
    own = {key: value for key, value in os.environ.items() if not key.startswith("ATLAS_")}
    log = home / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", "0"],
            env=own | {"ATLAS_HOME": str(home), "ATLAS_DATA": str(data), "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
        )
    assert process.stdout
    address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert address, log.read_text(encoding="utf-8")
    yield Server(f"{address[0]}/api", secret)
    process.terminate()
    process.wait(20)
    process.stdout.close()
    assert "Incident" not in log.read_text(encoding="utf-8")


def _token(store: Store) -> str:
    account = new_account("surveyor", "测绘员", "editor", "a long enough passphrase")
    store.people.add(account, author="test")
    token, secret = new_token(account, "QGIS", ["*:edit"], 1, ["parcels", "edited"])
    store.people.add_token(token, author="test")
    return secret


def _parcels() -> list[Feature]:
    """Return 230 parcels side by side, ten in a row; the first names what programs trip over."""
    return [
        Feature(
            f"Z{number:03}",
            box(116.95 + x / 1000, 36.55 + y / 1000, 116.951 + x / 1000, 36.551 + y / 1000),
            {
                "地块编号": f"Z{number:03}",
                "用地名称": '“示范”"引号"与\\反斜杠\\' if number == 1 else f"地块{number}",
                "用地代码": "G1" if number % 10 == 0 else "R2",
                "面积": None if number == 2 else number / 2,
            },
        )
        for y in range(23)
        for x in range(10)
        for number in [y * 10 + x + 1]
    ]


@pytest.fixture(scope="session")
def run_qgis(server) -> Callable[..., dict[str, Any]]:
    """Let QGIS do something, in the Python that has its bindings, and return what it saw.

    `QGIS_PYTHON` names another one than the machine's, as a command.
    """
    command = shlex.split(os.environ.get("QGIS_PYTHON", "/usr/bin/python3"))
    # On standard input, since a program in a chroot does not see our files.
    script = Path(__file__).with_name("qgis_session.py").read_text(encoding="utf-8")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

    def run(what: str, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [*command, "-", *server, what, *arguments],
            input=script,
            capture_output=True,
            encoding="utf-8",
            env=clean | {"LC_ALL": "C.UTF-8"},
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return seen

    return run
