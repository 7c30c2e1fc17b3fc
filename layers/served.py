"""What every layer offers to those who read it, wherever its features are kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from .packed import BETWEEN, HEAD, TAIL, features_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from .filters import Expression
    from .history import History
    from .model import BBox, Feature, Layer, PublicRevision, Revision
    from .tiles import TileSource

_AT_ONCE = 2_000
"""Features that are put into words together."""


class Query(NamedTuple):
    """Which features of a layer are asked for, and in what order.

    Attributes
    ----------
    bbox : BBox or None
        Features whose geometry intersects it; those without geometry do not
        (docs/decisions/0016).
    area : BaseGeometry or None
        The same for a box that is none in CRS84 degrees.
    interval : tuple of (str or None)
        First and last day (YYYY-MM-DD) of which the validity must have one, None where open.
    equal : Mapping
        Property name to the text of its value; a list has the value if one member does.
    selection : Mapping
        Chosen values by facet.
    condition : Expression or None
        A filter in CQL2.
    order : tuple of (str, bool)
        Properties to sort by, and whether from the largest down; what has no value comes last.
    """

    bbox: BBox | None = None
    area: BaseGeometry | None = None
    interval: tuple[str | None, str | None] = (None, None)
    equal: Mapping[str, str] = MappingProxyType({})
    selection: Mapping[str, frozenset[str]] = MappingProxyType({})
    condition: Expression | None = None
    order: tuple[tuple[str, bool], ...] = ()


EVERYTHING = Query()


class Start(NamedTuple):
    """Where a page begins.

    Attributes
    ----------
    after : str or None
        Id of the feature behind which it does, whatever has become of that since; None for the
        beginning.
    offset : int
        How many features behind that are passed over.
    """

    after: str | None = None
    offset: int = 0


BEGINNING = Start()


class Page(Protocol):
    """Some features of a layer, in order."""

    @property
    def matched(self) -> int:
        """How many features the query has found, on all pages."""

    @property
    def next(self) -> Start | None:
        """Where the next page begins; None if there is none."""

    def __len__(self) -> int: ...

    def members(self) -> Sequence[bytes | memoryview]:
        """Return the features as GeoJSON, in pieces that one behind the other are array members."""

    def texts(self) -> list[bytes]:
        """Return each feature as GeoJSON."""

    def geometries(self) -> NDArray:  # type: ignore[type-arg]
        """Return the geometries in CRS84 degrees; None where there is none."""

    def features(self) -> list[Feature]:
        """Return the features with all their properties."""


@dataclass(frozen=True, eq=False)
class LayerRevision:
    """What is known of one revision of a layer, wherever its features are kept.

    Attributes
    ----------
    revision : Revision
        As the store counts it, internal features included; `shown` is what may be shown of it.
    digest : str
        SHA-256 of what is shown, which names the bytes in addresses and ETags (64 hex digits). The
        revision's own digest also covers internal features.
    bbox : BBox or None
        Of all geometries; None if there is none.
    history : History
        Of the layer up to this revision, as far as it is public.
    """

    layer: Layer
    revision: Revision
    digest: str
    bbox: BBox | None
    history: History

    @property
    def shown(self) -> PublicRevision:
        """The revision as the public knows it."""
        return self.history.newest

    @property
    def revision_id(self) -> str:
        """What names these bytes for ever in addresses: public number and digest."""
        return f"{self.shown.number}-{self.digest}"

    def with_history(self, history: History) -> Self:
        """Return the same with another history."""
        return replace(self, history=history)


class ServedLayer(Protocol):
    """One revision of a layer, ready to be served: packed, or from the database."""

    @property
    def layer(self) -> Layer:
        """What the catalogue declares of it."""

    @property
    def revision(self) -> Revision:
        """The state that is shown."""

    @property
    def history(self) -> History:
        """Of the layer up to this revision, as far as it is public."""

    @property
    def shown(self) -> PublicRevision:
        """The revision as the public knows it."""

    @property
    def revision_id(self) -> str:
        """What names these bytes for ever in addresses: public number and digest."""

    def with_history(self, history: History) -> ServedLayer:
        """Return the same with another history."""

    @property
    def bbox(self) -> BBox | None:
        """Of all geometries; None if there is none."""

    @property
    def count(self) -> int:
        """How many features there are."""

    @property
    def digest(self) -> str:
        """What names the bytes that are shown: other features, another digest (64 hex digits)."""

    @property
    def tiles(self) -> TileSource:
        """The same as vector tiles."""

    @property
    def is_large(self) -> bool:
        """Whether the layer is too large to be listed or drawn whole."""

    def read(self, query: Query, limit: int, start: Start = BEGINNING) -> Page:
        """Return a page of what a query finds.

        Raises
        ------
        InvalidParameter
            If the page begins behind a feature that never was, or a filter cannot be computed.
        """

    def item(self, feature_id: str) -> Page:
        """Return a page with one feature.

        Raises
        ------
        NotFound
            If the layer has no such feature.
        """

    def feature(self, feature_id: str) -> Feature | None:
        """Return a feature; None if the layer has none of this id."""

    def stream(self, query: Query) -> Iterator[Feature]:
        """Yield all that a query finds, in order, without holding it in memory."""

    def shapes(self, query: Query) -> Iterator[NDArray]:  # type: ignore[type-arg]
        """Yield the geometries of what a query finds, in CRS84 degrees, some thousands at a time.

        They are None where a feature has none.
        """

    def parts(self) -> Iterator[bytes | memoryview]:
        """Yield the whole layer as a GeoJSON FeatureCollection."""

    def near(self, boxes: Sequence[BBox]) -> list[Feature]:
        """Return the features whose boxes meet one of some boxes."""


def as_collection(features: Iterable[Feature]) -> Iterator[bytes]:
    """Yield features as a GeoJSON FeatureCollection, the bytes of a packed one.

    Some thousands are held at a time.
    """
    found = iter(features)
    between = HEAD
    while batch := list(islice(found, _AT_ONCE)):
        yield between + BETWEEN.join(features_json(batch))
        between = BETWEEN
    yield TAIL if between == BETWEEN else HEAD + TAIL


def number_of(text: str) -> float | None:
    """Return the number that a value is compared with; None if it is none, or not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
