"""GCJ-02 and BD-09: the shifted coordinates of Chinese web maps, there and back.

The formula was reverse-engineered (published by several projects since 2010, among them
``eviltransform``) and stands in no standard; PROJ has no such method. What comes back is exact for
the formula, and no better than the maps that were drawn on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Positions: TypeAlias = NDArray[np.float64]
"""Longitude and latitude in degrees, one row for each position."""

_AXIS_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_ITERATIONS = 8
"""Each gains three digits; after six the rest is below 1e-9 m."""


def to_gcj02(positions: Positions) -> Positions:
    """Return WGS 84 positions as GCJ-02 shows them: in Jinan about 520 m further east."""
    longitude, latitude = positions[:, 0], positions[:, 1]
    x, y = longitude - 105.0, latitude - 35.0
    waves = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += 2 / 3 * (waves + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y))
    north += 2 / 3 * (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += 2 / 3 * (waves + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x))
    east += 2 / 3 * (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x))
    phi = np.radians(latitude)
    magic = 1 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1 - _ECCENTRICITY_2) / (magic * np.sqrt(magic))
    parallel_m = _AXIS_M / np.sqrt(magic) * np.cos(phi)
    return np.column_stack(
        [longitude + np.degrees(east / parallel_m), latitude + np.degrees(north / meridian_m)]
    )


def to_bd09(positions: Positions) -> Positions:
    """Return WGS 84 positions as BD-09 shows them: in Jinan about 1.3 km further east."""
    shifted = to_gcj02(positions)
    x, y = shifted[:, 0], shifted[:, 1]
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def from_gcj02(positions: Positions) -> Positions:
    """Return GCJ-02 positions in WGS 84."""
    return _undone(positions, to_gcj02)


def from_bd09(positions: Positions) -> Positions:
    """Return BD-09 positions in WGS 84."""
    return _undone(positions, to_bd09)


def _undone(positions: Positions, shift: Callable[[Positions], Positions]) -> Positions:
    """Return what a shift turns into the positions, by fixed-point iteration."""
    guess = positions.copy()
    for _ in range(_ITERATIONS):
        guess += positions - shift(guess)
    return guess
