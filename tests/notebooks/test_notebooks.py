"""The notebooks run as they stand, and give what is published."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from layers.catalogue import bundled_data, read_bundle

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
DERIVE = "01-district-and-zones.ipynb"
READ = "02-read-the-atlas.ipynb"


def run(name: str, folder: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=120, resources=resources).execute()


def shown(notebook: nbformat.NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(o.get("text", "") or o.data.get("text/plain", "") for o in outputs)


@pytest.fixture
def address(tmp_path, monkeypatch):
    monkeypatch.setenv("ATLAS_HOME", str(tmp_path / "home"))
    command = [sys.executable, "-m", "app", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as server:
        yield re.search(r"http://\S+", server.stdout.readline())[0]
        server.terminate()


def test_the_derivation_writes_what_is_published(tmp_path, monkeypatch):
    monkeypatch.setenv("ATLAS_DERIVE_TO", str(tmp_path / "geojson"))

    said = shown(run(DERIVE, tmp_path))

    for file in ("district.geojson", "zones.geojson", "places.geojson", "projects.geojson"):
        written = (tmp_path / "geojson" / file).read_bytes()
        assert written == (bundled_data() / "geojson" / file).read_bytes(), file
    assert "gap 0.000000 m², overlap 0.000000 m²" in said


def test_a_planner_counts_the_projects_of_each_zone(tmp_path, monkeypatch, address):
    monkeypatch.setenv("ATLAS_URL", address)

    said = shown(run(READ, tmp_path))

    everything = read_bundle(bundled_data()).features["projects"]
    projects = [each for each in everything if each.properties["access"] == "public"]
    for zone in ("北部核心区", "中部崛起区", "南部生态区"):
        there = [p for p in projects if p.properties["zone"] == zone]
        drawn = sum(p.geometry is not None for p in there)
        row = rf"{zone}\s+{drawn}\s+{len(there) - drawn}\s+{len(there)}\b"
        assert re.search(row, said), zone


@pytest.mark.parametrize("name", [DERIVE, READ])
def test_a_committed_notebook_holds_no_results(name):
    document = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))

    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
