"""What is printed: ratios with their targets, then every figure."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .kinds import Kind
    from .load import Measured

Results: TypeAlias = "Mapping[str, Mapping[str, Sequence[Measured]]]"
"""By the id of the kind, by the name of the server, one each round."""

_WIDTH = 34


def ratio(results: Results, kind: str, server: str) -> float | None:
    """Return how many times as often we answer: the median of the ratios of each round."""
    ours, theirs = (results[kind].get(name, ()) for name in ("atlas", server))
    pairs = [one.per_s / other.per_s for one, other in zip(ours, theirs, strict=False)]
    return median(pairs) if pairs else None


def verdict(value: float | None, target: float | None) -> str:
    """Return a ratio beside what it has to reach."""
    if value is None:
        return "n/a"
    shown = f"{value:.2f}" if value < 3 else f"{value:,.1f}x" if value < 30 else f"{value:,.0f}x"
    if target is None:
        return shown
    wanted = f"{target:g}" if target < 1 else f"{target:,.0f}x"
    return f"{shown} {'ok' if value >= target else 'MISSED'} (≥ {wanted})"


def print_ratios(kinds: Sequence[Kind], results: Results, servers: Sequence[str]) -> None:
    """Print how we compare with each server, a row for each kind of request."""
    others = [name for name in servers if name != "atlas"]
    print("\nRequests a second of the atlas as a multiple of each server's; of nginx the part\n")
    print(f"{'request':{_WIDTH}}" + "".join(f"{name:>24}" for name in others))
    for kind in kinds:
        cells = [verdict(ratio(results, kind.id, name), kind.targets.get(name)) for name in others]
        print(f"{kind.title:{_WIDTH}}" + "".join(f"{cell:>24}" for cell in cells))


def print_figures(kinds: Sequence[Kind], results: Results, servers: Sequence[str]) -> None:
    """Print the medians of everything that was measured."""
    print(f"\n{'request':{_WIDTH}}{'server':15}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}"
          f"{'bytes':>11}{'CPU s/1000':>12}")  # fmt: skip
    for kind in kinds:
        for name in servers:
            runs = results[kind.id].get(name)
            if runs:
                print(f"{kind.title:{_WIDTH}}{name:15}"
                      f"{median(r.per_s for r in runs):12,.1f}"
                      f"{median(r.p50_ms for r in runs):10.2f}"
                      f"{median(r.p99_ms for r in runs):10.2f}{median(r.size for r in runs):11,.0f}"
                      f"{median(r.cpu_s for r in runs):12.3f}")  # fmt: skip


def print_claim(text: str, value: float, unit: str, limit: float, *, at_least: bool) -> None:
    """Print one figure with its limit."""
    held = value >= limit if at_least else value < limit
    sign = "≥" if at_least else "<"
    print(f"{text:62}{value:10.2f} {unit:3} {'ok' if held else 'MISSED'} ({sign} {limit:g})")
