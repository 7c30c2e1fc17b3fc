"""Filters in CQL2 (OGC 21-065r2): read by the library, checked against a layer, evaluated."""

from .evaluation import find, indexed_names
from .expression import (
    GEOMETRY,
    LANGUAGES,
    Call,
    Expression,
    Kind,
    Language,
    Literal,
    Property,
    parse_filter,
    queryable_kinds,
)

__all__ = [
    "GEOMETRY",
    "LANGUAGES",
    "Call",
    "Expression",
    "Kind",
    "Language",
    "Literal",
    "Property",
    "find",
    "indexed_names",
    "parse_filter",
    "queryable_kinds",
]
