"""The read model: one immutable value per published state of the atlas.

A request holds one `Atlas` from start to end; a publish replaces it by another. Features are
serialised once, and found by id, by position, by box and by property without a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from .errors import NotFound
from .facets import facet_values
from .geojson import digest, feature_document
from .model import BBox
from .statements import propose_area, propose_sides

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from .catalogue import Catalogue
    from .document import PlanDocument
    from .indicators import Actual, IndicatorSet
    from .model import Feature, Layer, Revision
    from .plan import Outline
    from .search import SearchIndex
    from .statements import Result, Side


@dataclass(frozen=True)
class LayerSnapshot:
    """One revision of a layer, ready to be served.

    Attributes
    ----------
    digest : str
        SHA-256 of the canonical form of what is shown. It names the bytes in addresses and
        ETags; the revision's own digest also covers internal features.
    serialised : tuple of bytes
        Each feature as GeoJSON (UTF-8), in the order of `features`.
    bbox : BBox or None
        Of all geometries; None if there is none.
    """

    layer: Layer
    revision: Revision
    digest: str
    features: tuple[Feature, ...]
    serialised: tuple[bytes, ...]
    bbox: BBox | None
    _positions: Mapping[str, int]
    _tree: shapely.STRtree
    _in_tree: NDArray[np.intp]

    def has(self, feature_id: str) -> bool:
        """Tell whether the layer has a feature."""
        return feature_id in self._positions

    def position(self, feature_id: str) -> int:
        """Return where a feature stands in `features`.

        Raises
        ------
        NotFound
            If the layer has no such feature.
        """
        try:
            return self._positions[feature_id]
        except KeyError:
            raise NotFound(f"Collection {self.layer.id} has no item {feature_id}.") from None

    def select(self, bbox: BBox | None, equal: Mapping[str, str]) -> list[int]:
        """Return the positions of the features that meet every condition, in layer order.

        Parameters
        ----------
        bbox : BBox or None
            Features whose geometry intersects it; those without geometry do not
            (OGC API - Features Part 1, section 7.15.3).
        equal : Mapping
            Property name to the text of its value; a list has the value if one member does.
        """
        positions = range(len(self.features)) if bbox is None else self._within(bbox)
        return [p for p in positions if _has_all(self.features[p].properties, equal)]

    def collection(self, positions: Sequence[int]) -> bytes:
        """Return the features at some positions as the members of a GeoJSON array."""
        return b",\n".join([self.serialised[position] for position in positions])

    @property
    def document(self) -> bytes:
        """The whole layer as a GeoJSON FeatureCollection; the same bytes for the same digest."""
        everything = self.collection(range(len(self.features)))
        return b'{"type":"FeatureCollection","features":[\n' + everything + b"\n]}\n"

    @property
    def overview(self) -> bytes:
        """The layer as a map needs it: every feature, of its properties only `OVERVIEW`."""
        features = [
            feature_document(feature) | {"properties": _overview(self.layer, feature)}
            for feature in self.features
        ]
        return orjson.dumps({"type": "FeatureCollection", "features": features})

    def _within(self, bbox: BBox) -> list[int]:
        hits = self._tree.query(shapely.box(*bbox), predicate="intersects")
        return sorted(int(self._in_tree[hit]) for hit in hits)


@dataclass(frozen=True)
class Atlas:
    """Everything that is published at one moment.

    Attributes
    ----------
    layers : Mapping
        Layer snapshots by layer id, in drawing order.
    documents : Mapping
        Plans by id: those that the atlas ships, and those that were imported.
    indicators : IndicatorSet
        The figures of the atlas's own plan.
    actuals : tuple of Actual
        What staff have entered of them since.
    results : tuple of Result
        The plan's spatial statements, tested against the geometry of this state.
    search : SearchIndex
        Of all names, and of the paragraphs of every imported text.
    """

    catalogue: Catalogue
    layers: Mapping[str, LayerSnapshot]
    documents: Mapping[str, PlanDocument]
    indicators: IndicatorSet
    actuals: tuple[Actual, ...]
    results: tuple[Result, ...]
    search: SearchIndex

    @property
    def document(self) -> PlanDocument:
        """The atlas's own plan."""
        return self.documents[self.catalogue.plan]

    @property
    def outline(self) -> Outline:
        """The outline of the atlas's own plan."""
        return self.document.outline

    def feature(self, ref: str) -> tuple[Layer, Feature] | None:
        """Return the layer and the feature that ``layer/feature`` names, None for an unknown."""
        layer_id, _, feature_id = ref.partition("/")
        snapshot = self.layers.get(layer_id)
        if snapshot is None or not snapshot.has(feature_id):
            return None
        return snapshot.layer, snapshot.features[snapshot.position(feature_id)]

    def ref_of(self, feature_id: str) -> str | None:
        """Return ``layer/feature`` for an id, which is unique over all layers."""
        return next(
            (
                f"{layer_id}/{feature_id}"
                for layer_id, snapshot in self.layers.items()
                if snapshot.has(feature_id)
            ),
            None,
        )

    def named(self, plan_id: str) -> dict[str, int]:
        """Return how many of the things that a plan names are mapped, sketched and unmapped.

        Mapped is what is known within 500 m (P1, P2), sketched what is not (P3, P4).
        """
        counts = dict.fromkeys(("mapped", "sketched", "unmapped"), 0)
        for ref in {ref for ref, _ in self.plan(plan_id).citations}:
            found = self.feature(ref)
            precision = None if found is None else found[1].properties.get("precision")
            sketched = "mapped" if precision in {"P1", "P2"} else "sketched"
            counts["unmapped" if precision is None else sketched] += 1
        return counts

    def zone_of(self, feature: Feature) -> BaseGeometry:
        """Return the area of a feature's zone in degrees; the district's where it has none.

        Raises
        ------
        NotFound
            If neither is published.
        """
        zones = self.layers["zones"].features if "zones" in self.layers else ()
        districts = self.layers["district"].features if "district" in self.layers else ()
        for frame in [*zones, *districts]:
            own = frame.properties.get("name") == feature.properties.get("zone")
            if frame.geometry is not None and (own or frame in districts):
                return frame.geometry
        raise NotFound(f"No zone and no district is published in which {feature.id} could lie.")

    def proposal(self, plan_id: str, feature_id: str) -> tuple[Feature, list[Side], BaseGeometry]:
        """Return the area on which the plan's words put a feature, as a proposal.

        Returns
        -------
        tuple
            The feature, the sides that were used, and the area in degrees.

        Raises
        ------
        NotFound
            If there is no such feature, or a side is not drawn; the sentence names it.
        """
        ref = self.ref_of(feature_id)
        found = self.feature(ref) if ref else None
        if found is None:
            raise NotFound(f"There is no feature {feature_id}.")
        drawn = {
            feature.id: feature.geometry
            for snapshot in self.layers.values()
            for feature in snapshot.features
            if feature.geometry is not None
        }
        statements = [
            result.statement
            for result in self.results
            if result.statement.citations[0].plan == plan_id
        ]
        sides = propose_sides(feature_id, statements, drawn)
        return found[1], sides, propose_area(sides, self.zone_of(found[1]))

    def plan(self, plan_id: str) -> PlanDocument:
        """Return a plan.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        try:
            return self.documents[plan_id]
        except KeyError:
            known = ", ".join(self.documents)
            raise NotFound(f"There is no plan {plan_id}; the plans are {known}.") from None

    def layer(self, layer_id: str) -> LayerSnapshot:
        """Return a layer.

        Raises
        ------
        NotFound
            If there is none of this id.
        """
        try:
            return self.layers[layer_id]
        except KeyError:
            known = ", ".join(self.layers)
            raise NotFound(
                f"There is no collection {layer_id}; the collections are {known}."
            ) from None


def take_layer(layer: Layer, revision: Revision, features: Sequence[Feature]) -> LayerSnapshot:
    """Return the snapshot of a revision.

    Parameters
    ----------
    features : sequence of Feature
        All that may be shown, in the order in which they are to be served.
    """
    boxes = [feature.bbox for feature in features]
    drawn = np.array([i for i, box in enumerate(boxes) if box is not None], dtype=np.intp)
    known = [box for box in boxes if box is not None]
    return LayerSnapshot(
        layer=layer,
        revision=revision,
        digest=digest(features),
        features=tuple(features),
        serialised=tuple(orjson.dumps(feature_document(feature)) for feature in features),
        bbox=reduce(BBox.union, known) if known else None,
        _positions={feature.id: i for i, feature in enumerate(features)},
        _tree=shapely.STRtree([features[i].geometry for i in drawn]),
        _in_tree=drawn,
    )


OVERVIEW = (
    "name",
    "name_en",
    "kind",
    "zone",
    "stage",
    "commitment",
    "precision",
    "uncertainty_m",
)
"""Properties by which features are drawn, named and narrowed down."""


def _overview(layer: Layer, feature: Feature) -> dict[str, Any]:
    # What is not drawn is named in the list already.
    names = OVERVIEW if feature.geometry is not None else OVERVIEW[2:]
    if "name" not in feature.properties:
        return {"name": layer.name_of(feature), "chapters": []}
    known = {name: feature.properties[name] for name in names if feature.properties.get(name)}
    return known | {"chapters": [int(each) for each in facet_values("chapter", feature)]}


def _has_all(properties: Mapping[str, Any], equal: Mapping[str, str]) -> bool:
    return all(_has(properties.get(name), wanted) for name, wanted in equal.items())


def _has(value: Any, wanted: str) -> bool:
    if isinstance(value, list):
        return any(_has(member, wanted) for member in value)
    if value is None or isinstance(value, dict):
        return False
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(wanted) == value
        except ValueError:
            return False
    return str(value) == wanted
