"""A copy of the published data that a test may break."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from layers.catalogue import bundled_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(bundled_data(), folder)
    return folder


@pytest.fixture
def edit(data) -> Callable[[str, Callable[[dict[str, Any]], None]], None]:
    """Change a GeoJSON file of the copy in place."""

    def change(file: str, how: Callable[[dict[str, Any]], None]) -> None:
        path = data / "geojson" / file
        document = json.loads(path.read_text(encoding="utf-8"))
        how(document)
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    return change
