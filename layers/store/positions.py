"""Where features stand in their layer's order, so that a change of few costs few rows."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROOM = 1e-6
"""Least distance between two positions; below it all are numbered anew."""


def place(wanted: Sequence[str], known: Mapping[str, float]) -> dict[str, float]:
    """Return a position for each id, rising in the wanted order.

    As many as possible keep the position that they have; those between are put halfway.

    Parameters
    ----------
    wanted : sequence of str
        Ids in the order in which they are to be served.
    known : Mapping
        Positions that ids have already.
    """
    kept = _rising([(id_, known[id_]) for id_ in wanted if id_ in known])
    positions: dict[str, float] = {}
    last = 0.0
    waiting: list[str] = []
    for id_ in wanted:
        if id_ not in kept:
            waiting.append(id_)
            continue
        _spread(waiting, last, kept[id_], positions)
        positions[id_] = last = kept[id_]
        waiting = []
    _spread(waiting, last, last + len(waiting) + 1, positions)
    values = list(positions.values())
    if any(after - before < _ROOM for before, after in itertools.pairwise(values)):
        return {id_: float(i) for i, id_ in enumerate(wanted, 1)}
    return positions


def _spread(ids: Sequence[str], low: float, high: float, positions: dict[str, float]) -> None:
    step = (high - low) / (len(ids) + 1)
    for i, id_ in enumerate(ids, 1):
        positions[id_] = low + i * step


def _rising(pairs: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return a longest part of the pairs whose positions rise (patience sorting)."""
    tops: list[float] = []
    piles: list[int] = []
    before: list[int] = []
    for i, (_, position) in enumerate(pairs):
        pile = bisect_left(tops, position)
        before.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(position)
            piles.append(i)
        else:
            tops[pile], piles[pile] = position, i
    chosen: list[tuple[str, float]] = []
    i = piles[-1] if piles else -1
    while i >= 0:
        chosen.append(pairs[i])
        i = before[i]
    return dict(reversed(chosen))
