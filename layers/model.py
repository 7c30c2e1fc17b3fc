"""The nouns of the atlas: feature, layer, revision, bounding box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shapely.geometry.base import BaseGeometry


class BBox(NamedTuple):
    """A box in CRS84 degrees, longitude first (RFC 7946, section 5)."""

    west: float
    south: float
    east: float
    north: float

    def union(self, other: BBox) -> BBox:
        """Return the smallest box that holds both."""
        return BBox(
            min(self.west, other.west),
            min(self.south, other.south),
            max(self.east, other.east),
            max(self.north, other.north),
        )


@dataclass(frozen=True, slots=True)
class Feature:
    """One named thing of the plan.

    Attributes
    ----------
    id : str
        Stable slug, unique in its layer.
    geometry : BaseGeometry or None
        CRS84 degrees, longitude first; None where nothing supports a place.
    properties : Mapping
        As the layer's JSON Schema describes them.
    """

    id: str
    geometry: BaseGeometry | None
    properties: Mapping[str, Any]

    @property
    def bbox(self) -> BBox | None:
        """The box of the geometry in degrees, None without one."""
        return None if self.geometry is None else BBox(*self.geometry.bounds)


@dataclass(frozen=True, slots=True)
class Layer:
    """What the catalogue declares of one layer; the features live in revisions.

    Attributes
    ----------
    label : str
        The property that names a feature.
    group : str or None
        The group of layers that it is shown in.
    id_column : str or None
        Where office files have the id, if they call it by a name of their own.
    access : str
        ``public`` or ``internal``, of features that do not say it of themselves.
    if_match : bool
        Whether every edit of a feature must name the state that it changes.
    review : bool
        Whether somebody else must approve a draft before it is published.
    checks : tuple of str
        Rules beside those of every layer, as `layers.checks` knows them.
    """

    id: str
    file: str
    title: str
    title_en: str
    description: str
    description_en: str
    attribution: str
    attribution_en: str
    licence: str
    geometry_types: tuple[str, ...]
    geometry_required: bool
    label: str
    schema: Mapping[str, Any]
    style: Mapping[str, Any]
    checks: tuple[str, ...]
    group: str | None = None
    id_column: str | None = None
    access: str = "public"
    if_match: bool = False
    review: bool = False

    def is_public(self, feature: Feature) -> bool:
        """Tell whether a feature may be shown to anyone."""
        return bool(feature.properties.get("access", self.access) == "public")

    def name_of(self, feature: Feature) -> str:
        """Return what a feature is called; its id where nothing else is known."""
        return str(feature.properties.get(self.label) or feature.id)

    def source_of(self, name: str) -> str | None:
        """Return the code of where the values of a property come from; None where none is said."""
        source: str | None = self.schema["properties"].get(name, {}).get("x-source")
        return source

    def title_of(self, name: str, *, english: bool = False) -> str:
        """Return what a property is called: its own name where the schema gives it no title."""
        declared = self.schema["properties"].get(name, {})
        known = declared.get("x-title-en") if english else None
        return str(known or declared.get("title") or name)


@dataclass(frozen=True, slots=True)
class Revision:
    """One published state of a layer.

    Attributes
    ----------
    number : int
        1 for the first, without gaps.
    parent : int or None
        The revision that it was made from: the one before, None for the first.
    digest : str
        Of all features, see `layers.geojson.digest`.
    kind : str
        ``seed`` (the files that the atlas ships), ``publish`` or ``rollback``.
    key : str or None
        What the caller named the publish by; the same key gives the same revision.
    added, removed, changed : int
        Features, against the parent.
    sequence : int
        The number of the catalogue with this revision in it.
    """

    layer_id: str
    number: int
    parent: int | None
    digest: str
    kind: str
    author: str
    message: str
    created: datetime
    key: str | None
    added: int
    removed: int
    changed: int
    sequence: int


class PublicRevision(NamedTuple):
    """One state of a layer as the public can tell it from the one before.

    Attributes
    ----------
    number : int
        1 for the first, without gaps. Revisions in which only internal features changed have none,
        so that it says nothing of them; a layer without any has the store's numbers.
    stored, seen : int
        The store's numbers of this revision, and of the newest one that was looked at; never
        shown.
    added, removed, changed : int
        Public features, against the state before, as it was seen then.
    """

    layer_id: str
    number: int
    stored: int
    seen: int
    kind: str
    message: str
    created: datetime
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One imported state of a plan's text.

    Attributes
    ----------
    number : int
        1 for the first, without gaps.
    sha256 : str
        Of the decoded text as UTF-8.
    encoding : str
        What the file was in: ``utf-8`` or ``gb18030``.
    """

    plan: str
    number: int
    sha256: str
    title: str
    title_en: str
    date: str
    encoding: str
    author: str
    message: str
    created: datetime
