"""The wheel that a fresh copy of the source gives, and what it holds for the browser."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ["app", "layers", "data"]
FILES = ["pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "NOTICE"]
VENDOR = "app/static/vendor/"
REMOTE_IN_STYLE = re.compile(rb"""(?:url\(|@import)\s*["']?\s*(?:https?:)?//""")
MEGABYTE = 1_000_000


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """A wheel built from the sources alone, so that the build hook has to fetch everything."""
    source = tmp_path_factory.mktemp("source")
    left_out = shutil.ignore_patterns("vendor", "__pycache__")
    for name in SOURCE:
        shutil.copytree(ROOT / name, source / name, ignore=left_out)
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", target, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="session")
def content(wheel) -> dict[str, bytes]:
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def vendor(content) -> dict[str, bytes]:
    return {name.removeprefix(VENDOR): b for name, b in content.items() if name.startswith(VENDOR)}


def test_owns_two_names_only(content):
    names = {PurePosixPath(name).parts[0] for name in content}

    assert {name for name in names if not name.endswith(".dist-info")} == {"app", "layers"}
    assert len(names) == 3


def test_is_small(wheel):
    assert wheel.stat().st_size < 2.5 * MEGABYTE


def test_holds_every_file_of_the_source(content):
    def relative(folder: str, under: str) -> set[str]:
        paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        names = {under + path.relative_to(ROOT / folder).as_posix() for path in paths}
        return {n for n in names if "/__pycache__/" not in n and not n.startswith(VENDOR)}

    wanted = relative("app", "app/") | relative("layers", "layers/")
    wanted |= relative("data", "layers/_bundled/")

    assert wanted <= set(content)


def test_every_vendor_file_is_the_one_in_the_manifest(vendor):
    manifest = json.loads(vendor["manifest.json"])["files"]
    found = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in vendor.items()
        if name != "manifest.json"
    }

    assert found == manifest


def test_an_editable_install_has_the_same_vendor_files(vendor):
    folder = ROOT / VENDOR
    installed = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }

    assert installed == vendor


def test_no_style_links_to_another_host(vendor):
    styles = {name: text for name, text in vendor.items() if name.endswith(".css")}

    assert len(styles) > 10
    assert [name for name, text in styles.items() if REMOTE_IN_STYLE.search(text)] == []


def test_every_picture_of_a_style_is_there(vendor):
    """Fonts are exempt: styles name old formats as alternatives to the one that is carried."""
    pictures = re.compile(rb"""url\(\s*["']?((?!data:)[^"')]+\.(?:png|gif|svg|woff2))""")
    fonts = "bootstrap-3.4.1/"
    missing = []
    for name, text in vendor.items():
        for reference in pictures.findall(text) if name.endswith(".css") else []:
            path = (Path("/") / name).parent / reference.decode()
            wanted = path.resolve().relative_to("/").as_posix()
            if wanted not in vendor and not wanted.startswith(fonts):
                missing.append((name, wanted))

    assert missing == []


def test_packages_come_with_their_terms(vendor):
    folders = {name.split("/")[0] for name in vendor if "/" in name}
    stated = {n.split("/")[0] for n in vendor if re.search(r"/(mit-)?licen[cs]e[^/]*$", n, re.I)}
    # These three publish no file of terms; their package.json or file header names the licence.
    silent = {"iso8601-js-period-0.2.1", "leaflet-draw-1.0.2", "leaflet.vectorgrid-1.3.0"}

    assert folders - stated == silent
