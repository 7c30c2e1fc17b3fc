"""Vector tiles of layers: what a tile shows of each zoom, cut and encoded."""

from .matrices import MatrixSet, TileAddress, find_matrix_set, matrix_sets
from .source import LayerTiles, TileSource

__all__ = [
    "LayerTiles",
    "MatrixSet",
    "TileAddress",
    "TileSource",
    "find_matrix_set",
    "matrix_sets",
]
