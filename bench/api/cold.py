"""Tiles that nobody has asked for before: each once, one behind the other."""

from __future__ import annotations

import shutil
import time
from statistics import median
from typing import TYPE_CHECKING

from .claims import chance
from .kinds import COLD, tiles_inside
from .load import Client
from .peers import Tile, start_atlas

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .peers import Setting, Site

_PATIENCE_S = 90.0
_TOO_SMALL = 1000


def cold_tiles(
    setting: Setting, home: Path, peers: Sequence[Site], rounds: int
) -> dict[str, list[float]]:
    """Return milliseconds a tile by server, one each round.

    The atlas is started anew each time, on a copy of its store and nothing else. The peers keep
    no tiles, so that theirs are cold always.
    """
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        fresh = setting.folder / f"cold-{number}"
        shutil.copytree(home / "data", fresh / "data")
        shutil.copy(home / "atlas.sqlite", fresh)
        site, running = start_atlas(setting, fresh, "atlas-cold")
        try:
            running.wait_for(f"{site.base}{site.collection}/items?limit=1", _PATIENCE_S)
            asks = tiles_inside()
            chance("cold", number).shuffle(asks)
            for each in (site, *peers):
                name = "atlas" if each is site else each.name
                spent = _each_once(each, asks)
                if spent is not None:
                    found.setdefault(name, []).append(spent)
        finally:
            running.stop()
            shutil.rmtree(fresh)
    return found


def _each_once(site: Site, asks: Sequence[Tile]) -> float | None:
    """Return milliseconds a tile; None where there are no tiles."""
    with Client(site.base) as client:
        client.get(f"{site.collection}/items?limit=1")
        began = time.perf_counter()
        for ask in asks:
            status, _, body = client.get(str(site.path(ask)))
            if status != 200 or len(body) < _TOO_SMALL:
                return None
        return (time.perf_counter() - began) / len(asks) * 1000


def print_cold(found: dict[str, list[float]]) -> None:
    """Print how much sooner we answer than each peer."""
    if not found:
        return
    print("\ntile z14, cold: ", end="")
    if "atlas" not in found:
        print("n/a (this atlas has no tiles)")
        return
    print(f"atlas {median(found['atlas']):.1f} ms a tile", end="")
    for name, spent in found.items():
        if name != "atlas":
            times = median(b / a for a, b in zip(found["atlas"], spent, strict=False))
            held = "ok" if times >= COLD[name] else "MISSED"
            print(f"; {name} {median(spent):.1f} ms: {times:.1f}x {held} (≥ {COLD[name]:g}x)",
                  end="")  # fmt: skip
    print()
