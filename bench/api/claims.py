"""What the atlas claims of itself: growth with the answer, a quick start, workers that share."""

from __future__ import annotations

import time
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.parcels import layer_name

from .kinds import box
from .load import Client, press
from .peers import CONNECTIONS, Ask, Setting, start_atlas
from .processes import Cores, peak_mb
from .report import print_claim

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from .load import Measured
    from .peers import Site

_PATIENCE_S = 120.0
_GROWTH = 1.5
_START_S = 5.0
_START_MB = 700.0
_WORKERS = 1.7


def chance(kind: str, number: int) -> Random:
    """Return the same random numbers for every server, others for each round."""
    return Random(f"{kind} {number}")  # noqa: S311


def start(setting: Setting, home: Path, count: int) -> list[dict[str, Any]]:
    """Start with the largest layer until it has answered; then look at the memory."""
    site, running = start_atlas(_of(setting, count), home, "atlas-start")
    try:
        running.wait_for(f"{site.base}{site.path(Ask(limit=10))}", _PATIENCE_S)
        spent = time.monotonic() - running.began
        with Client(site.base) as client:
            asked = chance("start", 0)
            for _ in range(100):
                client.json(str(site.path(Ask(limit=100, bbox=box(45, count, asked)))))
        peak = peak_mb(site.own)
    finally:
        running.stop()
    print()
    print_claim(f"start with {count:,} features to the first answer", spent, "s", _START_S,
                at_least=False)  # fmt: skip
    print_claim("its peak memory, mapped files included", peak, "MB", _START_MB, at_least=False)
    return [{"start_s": spent, "peak_mb": peak, "features": count}]


def growth(
    setting: Setting, home: Path, counts: Sequence[int], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Ask for boxes with 45 features in layers of every size."""
    site, running = start_atlas(_of(setting, max(counts)), home, "atlas-growth")
    found: dict[int, list[float]] = {count: [] for count in counts}
    try:
        running.wait_for(f"{site.base}{site.path(Ask(limit=10))}", _PATIENCE_S)
        for number in range(options.rounds):
            for count in counts:
                at = chance(f"growth {count}", number)
                asks = [Ask(limit=100, bbox=box(45, count, at)) for _ in range(20_000)]
                paths = [
                    str(site.path(ask)).replace(layer_name(max(counts)), layer_name(count))
                    for ask in asks
                ]
                found[count].append(_run(site, paths, setting, options).per_s)
    finally:
        running.stop()
    speeds = {count: median(speeds) for count, speeds in found.items()}
    said = ", ".join(f"{speed:,.0f}/s of {count:,}" for count, speed in speeds.items())
    print_claim(f"bbox, 45 hits: {said}", max(speeds.values()) / min(speeds.values()), "x",
                _GROWTH, at_least=False)  # fmt: skip
    return [{"growth": {str(count): speed for count, speed in speeds.items()}}]


def workers(setting: Setting, home: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Compare two workers with one, on both cores, with requests that cost wrk next to nothing.

    Pages in another reference system are computed for each request, so that the workers have
    everything to do and wrk, which has to share the cores with them, hardly anything.
    """
    both = Setting(
        setting.folder, Cores((), setting.cores.load + setting.cores.servers), setting.layer
    )
    speeds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(options.rounds):
        for number in speeds:
            site, running = start_atlas(both, home, f"atlas-workers{number}", workers=number)
            try:
                running.wait_for(f"{site.base}{site.path(Ask(limit=10))}", _PATIENCE_S)
                crs = "http://www.opengis.net/def/crs/EPSG/0/4548"
                asks = [Ask(limit=1000, offset=each * 7) for each in range(5000)]
                paths = [f"{site.path(ask)}&crs={crs}" for ask in asks]
                time.sleep(1)  # until the second worker is there too
                speeds[number].append(_run(site, paths, both, options, connections=16).per_s)
            finally:
                running.stop()
    one, two = (median(each) for each in speeds.values())
    print_claim(f"two workers: {one:,.0f} and {two:,.0f} pages in EPSG:4548 a second", two / one,
                "x", _WORKERS, at_least=True)  # fmt: skip
    return [{"workers": {"1": one, "2": two}}]


def _of(setting: Setting, count: int) -> Setting:
    return Setting(setting.folder, setting.cores, layer_name(count))


def _run(
    site: Site,
    paths: list[str],
    setting: Setting,
    options: argparse.Namespace,
    connections: int = CONNECTIONS,
) -> Measured:
    return press(
        site.base, paths, site.pids,
        seconds=options.seconds, cores=setting.cores, folder=setting.folder,
        connections=connections,
    )  # fmt: skip
