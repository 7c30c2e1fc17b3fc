"""What the tests that pull the plug share: processes that publish, and the count of rounds."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

PUBLISHER = Path(__file__).with_name("publisher.py")


@pytest.fixture(scope="session")
def rounds() -> int:
    """Return how many times as often as required everything is tried (``make chaos``: more)."""
    return int(os.environ.get("CHAOS_ROUNDS", "1"))


@pytest.fixture
def seed(request) -> int:
    """Return the seed of the test, which is printed where it fails."""
    number = int(os.environ.get("CHAOS_SEED", "20261124"))
    request.node.add_report_section("setup", "chaos", f"CHAOS_SEED={number}")
    return number


@pytest.fixture
def dice(seed) -> random.Random:
    return random.Random(seed)


@pytest.fixture(scope="session")
def publisher() -> ModuleType:
    spec = importlib.util.spec_from_file_location("chaos_publisher", PUBLISHER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the publisher with arguments; what still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(PUBLISHER), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=PUBLISHER.parents[2],
            env=os.environ | {"PYTHONPATH": str(PUBLISHER.parents[2])},
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def read_acks(path: Path) -> dict[int, str]:
    """Return the digests that were acknowledged, by number; a torn last line is none."""
    if not path.exists():
        return {}
    lines = path.read_text().split("\n")[:-1]
    return {int(number): digest for number, digest in (line.split() for line in lines)}


@pytest.fixture
def acks() -> Callable[[Path], dict[int, str]]:
    return read_acks


@pytest.fixture
def wait() -> Callable[..., None]:
    """Wait until something holds; fails after 30 s."""

    def until(holds: Callable[[], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.001)

    return until
