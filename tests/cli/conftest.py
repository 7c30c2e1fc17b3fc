"""The command line as its own process, with a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("ATLAS_")}
    return own | {"ATLAS_HOME": str(tmp_path / "home"), "PYTHONUTF8": "1", "COLUMNS": "100"}


@pytest.fixture
def atlas(environment) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``atlas`` with arguments until it ends."""

    def run(
        *arguments: str | Path, timeout: float = 60, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app", *map(str, arguments)],
            env=environment | settings,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=timeout,
        )

    return run


@pytest.fixture
def start_atlas(environment) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``atlas serve`` and leave it running until the test ends."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **settings: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", *arguments],
            env=environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.terminate()
        process.wait(20)
        assert process.stdout
        process.stdout.close()
