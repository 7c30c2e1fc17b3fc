"""The read model: one immutable value per published state of the atlas.

A request holds one `Atlas` from start to end; a publish replaces it by another. Features are
serialised once, and found by id, by position, by box and by property without a database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, overload

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from .errors import InvalidParameter, NotFound
from .facets import NO_VALUE, facet_values, meets
from .filters import find, indexed_names
from .geojson import feature_document
from .history import history_of
from .indexes import Indexes
from .model import BBox
from .packed import Packed, open_packed, pack, pack_in_files
from .repacked import repack_in_files
from .served import BEGINNING, LayerRevision, Start, number_of
from .statements import propose_area, propose_sides
from .tiles import LayerTiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from .catalogue import Catalogue
    from .document import PlanDocument
    from .indicators import Actual, IndicatorSet
    from .model import Feature, Layer, Revision
    from .packed import Positions
    from .plan import Outline
    from .repacked import Edits
    from .search import SearchIndex
    from .served import Query, ServedLayer
    from .statements import Result, Side
    from .tiles import TileSource

_FEW = 2_000
_SHAPES_AT_ONCE = 20_000

LARGE = 20_000
"""Features from which on a layer is kept in files, and is neither listed nor drawn whole."""


@dataclass(frozen=True, slots=True)
class PackedPage:
    """Some features of a packed layer, in order; see `layers.served.Page`."""

    packed: Packed
    positions: range | Positions
    matched: int
    next: Start | None = None

    def __len__(self) -> int:
        return len(self.positions)

    def members(self) -> list[memoryview | bytes]:
        """Return the features as GeoJSON; see `Packed.members`."""
        return self.packed.members(self.positions)

    def texts(self) -> list[bytes]:
        """Return each feature as GeoJSON."""
        return [self.packed.json(int(each)) for each in self.positions]

    def geometries(self) -> NDArray[np.object_]:
        """Return the geometries in CRS84 degrees; None where there is none."""
        return self.packed.geometries(self.positions)

    def features(self) -> list[Feature]:
        """Return the features with all their properties."""
        return [self.packed.feature(int(each)) for each in self.positions]


@dataclass(frozen=True)
class LayerSnapshot(LayerRevision):
    """One revision of a layer, packed; see `layers.served.ServedLayer`.

    Attributes
    ----------
    packed : Packed
        Its features in the order in which they are served.
    features : sequence of Feature
        The same as values; those of a large layer are read from the packed form when asked for.
    tiles : TileSource
        The same as vector tiles.
    """

    packed: Packed
    features: Sequence[Feature]
    indexes: Indexes
    tiles: TileSource

    @property
    def count(self) -> int:
        """How many features there are."""
        return len(self.packed)

    @property
    def is_large(self) -> bool:
        """Whether the layer is too large to be listed or drawn whole."""
        return len(self.packed) >= LARGE

    def prepare(self) -> None:
        """Make what first questions for features in a box and for tiles would wait for."""
        self.indexes.boxes  # noqa: B018 - made when it is read
        self.tiles.prepare()

    def feature(self, feature_id: str) -> Feature | None:
        """Return a feature; None if the layer has none of this id."""
        position = self.indexes.position(feature_id)
        return None if position is None else self.features[position]

    def position(self, feature_id: str) -> int:
        """Return where a feature stands in `features`.

        Raises
        ------
        NotFound
            If the layer has no such feature.
        """
        position = self.indexes.position(feature_id)
        if position is None:
            raise NotFound(f"Collection {self.layer.id} has no item {feature_id}.")
        return position

    def item(self, feature_id: str) -> PackedPage:
        """Return a page with one feature.

        Raises
        ------
        NotFound
            If the layer has no such feature.
        """
        position = self.position(feature_id)
        return PackedPage(self.packed, range(position, position + 1), 1)

    def read(self, query: Query, limit: int, start: Start = BEGINNING) -> PackedPage:
        """Return a page of what a query finds.

        Raises
        ------
        InvalidParameter
            If it begins behind a feature that is not found.
        """
        found = self.select(query)
        first = start.offset if start.after is None else start.offset + self._behind(start, found)
        following = Start(offset=first + limit) if first + limit < len(found) else None
        return PackedPage(self.packed, found[first : first + limit], len(found), following)

    def _behind(self, start: Start, found: range | Positions) -> int:
        position = self.indexes.position(start.after or "")
        ranks = [] if position is None else np.flatnonzero(np.asarray(found) == position).tolist()
        if not ranks:
            raise behind_nothing(self.layer)
        return int(ranks[0]) + 1

    def near(self, boxes: Sequence[BBox]) -> list[Feature]:
        """Return the features whose boxes meet one of some boxes."""
        # An edit asks once of each revision: making the tree would take longer than this.
        west, south, east, north = self.packed.boxes.T
        met = np.zeros(len(self.packed), dtype=bool)
        for box in boxes:
            met |= (
                (west <= box.east)
                & (east >= box.west)
                & (south <= box.north)
                & (north >= box.south)
            )
        return [self.features[position] for position in np.flatnonzero(met).tolist()]

    def select(self, query: Query) -> range | Positions:
        """Return the positions of the features that meet every condition of a query, in order."""
        found: range | Positions = range(len(self.packed))
        for positions in self._conditions(query):
            found = positions if isinstance(found, range) else _common(found, positions)
        for test in self._tests(query):
            kept = [position for position in found if test(self.features[position])]
            found = np.array(kept, dtype=np.uint32)
        return _sorted(found, self.packed, query.order) if query.order else found

    def stream(self, query: Query) -> Iterator[Feature]:
        """Yield the features that `select` finds, without holding them all."""
        for position in self.select(query):
            yield self.features[int(position)]

    def shapes(self, query: Query) -> Iterator[NDArray[np.object_]]:
        """Yield the geometries of what `select` finds, some thousands at a time.

        They are in CRS84 degrees, None where a feature has none.
        """
        found = self.select(query)
        for start in range(0, len(found), _SHAPES_AT_ONCE):
            yield self.packed.geometries(found[start : start + _SHAPES_AT_ONCE])

    def answers_at_once(self, query: Query) -> bool:
        """Tell whether a query takes next to no time: the layer is small, or indexes are there."""
        if len(self.packed) <= _FEW:
            return True
        names = {*query.equal, *(query.selection.keys() & self.packed.columns.keys())}
        if query.condition is not None:
            indexed = indexed_names(query.condition)
            if indexed is None:
                return False
            names |= indexed
        others = query.area is not None or any(query.interval) or query.order
        return not others and all(map(self.indexes.has_values, names))

    @property
    def document(self) -> memoryview:
        """The whole layer as a GeoJSON FeatureCollection; the same bytes for the same digest."""
        return self.packed.document

    def parts(self) -> Iterator[memoryview]:
        """Yield the whole layer, as `document` does at once."""
        yield self.document

    @property
    def overview(self) -> bytes:
        """The layer as a map needs it: every feature, of its properties only `OVERVIEW`."""
        features = [
            feature_document(feature) | {"properties": _overview(self.layer, feature)}
            for feature in self.features
        ]
        return orjson.dumps({"type": "FeatureCollection", "features": features})

    def _conditions(self, query: Query) -> Iterator[Positions]:
        """Yield what each condition finds by an index or over whole columns."""
        if query.bbox is not None:
            yield self.indexes.boxes.touching(query.bbox)
        if query.area is not None:
            yield self.indexes.boxes.intersecting(query.area)
        for name, text in query.equal.items():
            yield self._equal(name, text)
        for facet, chosen in query.selection.items():
            if facet == "mapped":
                drawn = ~np.isnan(self.packed.boxes[:, 0])
                mask = (drawn & ("true" in chosen)) | (~drawn & ("false" in chosen))
                yield np.flatnonzero(mask).astype(np.uint32)
            elif facet in self.packed.columns:
                yield self._chosen(facet, chosen)
        if any(query.interval):
            yield self._valid_in(*query.interval)
        if query.condition is not None:
            yield find(query.condition, self.packed, self.indexes)

    def _tests(self, query: Query) -> Iterator[Callable[[Feature], bool]]:
        """Yield what has to be asked of each feature: facets that are no columns."""
        others = {
            facet: chosen
            for facet, chosen in query.selection.items()
            if facet != "mapped" and facet not in self.packed.columns
        }
        if others:
            yield lambda feature: meets(feature, others)

    def _equal(self, name: str, text: str) -> Positions:
        type_ = self.packed.columns[name].type
        if pa.types.is_boolean(type_):
            known = {"true": True, "false": False}.get(text.lower())
            return _NOTHING if known is None else self.indexes.equal(name, known)
        if pa.types.is_integer(type_) or pa.types.is_floating(type_):
            number = number_of(text)
            return _NOTHING if number is None else self.indexes.equal(name, number)
        return self.indexes.equal(name, text)

    def _chosen(self, facet: str, chosen: frozenset[str]) -> Positions:
        found = [self._equal(facet, value) for value in chosen - {NO_VALUE}]
        if NO_VALUE in chosen:
            missing = pc.is_null(self.packed.columns[facet]).to_numpy(zero_copy_only=False)
            found.append(np.flatnonzero(missing).astype(np.uint32))
        return np.unique(np.concatenate([*found, _NOTHING]))

    def _valid_in(self, first: str | None, last: str | None) -> Positions:
        """Return the features whose validity meets an interval; an unknown end is open."""
        met = np.ones(len(self.packed), dtype=bool)
        for name, limit, test in (
            ("valid_from", last, pc.less_equal),
            ("valid_to", first, pc.greater_equal),
        ):
            if limit is not None and name in self.packed.columns:
                truth = pc.fill_null(test(self.packed.columns[name], limit), True)
                met &= truth.to_numpy(zero_copy_only=False)
        return np.flatnonzero(met).astype(np.uint32)


_NOTHING: Positions = np.array([], dtype=np.uint32)


def _common(one: Positions, other: Positions) -> Positions:
    return np.intersect1d(one, other, assume_unique=True)


def _sorted(
    found: range | Positions, packed: Packed, order: tuple[tuple[str, bool], ...]
) -> Positions:
    positions = np.asarray(found, dtype=np.uint32)
    columns = {
        f"{rank}": packed.ids if name == "id" else packed.columns[name]
        for rank, (name, _) in enumerate(order)
    }
    table = pa.table(columns).take(pa.array(positions)).append_column("at", pa.array(positions))
    keys = [
        (f"{rank}", "descending" if down else "ascending") for rank, (_, down) in enumerate(order)
    ]
    ranked = pc.sort_indices(table, sort_keys=[*keys, ("at", "ascending")])
    in_order: Positions = positions[ranked.to_numpy()]
    return in_order


class _Decoded(Sequence["Feature"]):
    """The features of a packed layer, read when asked for."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> Feature: ...
    @overload
    def __getitem__(self, index: slice) -> list[Feature]: ...
    def __getitem__(self, index: int | slice) -> Feature | list[Feature]:
        if isinstance(index, slice):
            return [self._packed.feature(each) for each in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._packed.feature(index % len(self))


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
    layers: Mapping[str, ServedLayer]
    documents: Mapping[str, PlanDocument]
    indicators: IndicatorSet
    actuals: tuple[Actual, ...]
    results: tuple[Result, ...]
    search: SearchIndex

    @property
    def listed(self) -> Mapping[str, LayerSnapshot]:
        """The layers whose features are listed and drawn one by one: those that are not large."""
        return listed(self.layers)

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
        found = None if snapshot is None else snapshot.feature(feature_id)
        return None if snapshot is None or found is None else (snapshot.layer, found)

    def ref_of(self, feature_id: str) -> str | None:
        """Return ``layer/feature`` for an id, which is unique over all layers that are listed."""
        return next(
            (
                f"{layer_id}/{feature_id}"
                for layer_id, snapshot in self.listed.items()
                if snapshot.indexes.position(feature_id) is not None
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
        known = self.listed
        zones = known["zones"].features if "zones" in known else ()
        districts = known["district"].features if "district" in known else ()
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
            for snapshot in self.listed.values()
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

    def layer(self, layer_id: str) -> ServedLayer:
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


def listed(layers: Mapping[str, ServedLayer]) -> dict[str, LayerSnapshot]:
    """Return the layers of which each feature is listed: those that are not large."""
    return {id_: each for id_, each in layers.items() if is_listed(each)}


def is_listed(layer: ServedLayer) -> TypeGuard[LayerSnapshot]:
    """Tell whether each feature of a layer is listed and drawn, see `Atlas.listed`."""
    return isinstance(layer, LayerSnapshot) and not layer.is_large


def behind_nothing(layer: Layer) -> InvalidParameter:
    """Return what is said of a page that begins behind a feature that is not there."""
    return InvalidParameter(
        "after",
        f"Parameter after names no item of {layer.id}; follow the next links from the first page.",
    )


def take_layer(
    layer: Layer,
    revision: Revision,
    features: Iterable[Feature],
    *,
    count: int | None = None,
    folder: Path | None = None,
) -> LayerSnapshot:
    """Return the snapshot of a revision.

    Parameters
    ----------
    features : iterable of Feature
        All that may be shown, in the order in which they are to be served.
    count : int, optional
        About how many; with `LARGE` or more they are kept in files, and read one by one.
    folder : Path, optional
        Where the files of large layers are; without it everything is kept in memory.
    """
    if folder is None or count is None or count < LARGE:
        known = tuple(features)
        return _snapshot(layer, revision, pack(layer, known), known)
    packed = pack_in_files(layer, features, folder)
    return _snapshot(layer, revision, packed, _Decoded(packed))


def open_layer(layer: Layer, revision: Revision, folder: Path) -> LayerSnapshot | None:
    """Return the snapshot whose files are in a folder; None if there is none."""
    packed = open_packed(folder)
    return None if packed is None else _snapshot(layer, revision, packed, _Decoded(packed))


def change_layer(
    before: LayerSnapshot, revision: Revision, edits: Edits, folder: Path
) -> LayerSnapshot:
    """Return the snapshot of a later revision, in files, copied from one before it."""
    packed = repack_in_files(before.layer, before.packed, edits, folder)
    return _snapshot(before.layer, revision, packed, _Decoded(packed))


def _snapshot(
    layer: Layer, revision: Revision, packed: Packed, features: Sequence[Feature]
) -> LayerSnapshot:
    drawn = packed.boxes[~np.isnan(packed.boxes[:, 0])]
    low, high = (drawn.min(axis=0), drawn.max(axis=0)) if len(drawn) else (None, None)
    bbox = None if low is None or high is None else BBox(*map(float, (*low[:2], *high[2:])))
    indexes = Indexes(packed)
    return LayerSnapshot(
        layer=layer,
        revision=revision,
        digest=packed.digest,
        bbox=bbox,
        history=history_of(revision),
        packed=packed,
        features=features,
        indexes=indexes,
        tiles=LayerTiles(layer, packed, indexes),
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
