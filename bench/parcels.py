"""The layers that the benchmarks serve: quadrangles side by side in 市中区, of any number.

Run ``python bench/parcels.py FOLDER FEATURES [FEATURES …]``: FOLDER becomes the home of an atlas
whose layers ``parcels1k``, ``parcels100k`` and so on are published, with ``FOLDER/data`` as its
data. The same number gives the same features.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas
import numpy as np
import shapely

from layers.catalogue import bundled_data, read_bundle
from layers.model import Feature
from layers.publishing import open_head, seed_store
from layers.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOX = (116.92, 36.45, 117.08, 36.66)
"""West, south, east, north of what they cover: about the box of the district."""

USES = ("R2", "B1", "G1", "A33", "M1", "S1", "U1", "E1")
_SEED = 20261124


def parcels(count: int) -> geopandas.GeoDataFrame:
    """Return quadrangles that share their uneven corners, row by row from the south-west.

    Columns: ``code`` (unique), ``name``, ``use`` (8 values), ``street`` (200 values), ``year``,
    ``area_m2`` (a random number), and the geometry in EPSG:4326.
    """
    rng = np.random.default_rng(_SEED)
    side = int(np.ceil(np.sqrt(count)))
    west, south, east, north = BOX
    x, y = np.meshgrid(np.linspace(west, east, side + 1), np.linspace(south, north, side + 1))
    steps = (east - west) / side, (north - south) / side
    x, y = (
        (each + rng.uniform(-0.2, 0.2, each.shape) * step).round(7)
        for each, step in zip((x, y), steps, strict=True)
    )
    corners = np.stack([x, y], axis=-1)
    rings = np.stack(
        [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2
    ).reshape(-1, 4, 2)[:count]
    numbers = np.arange(count)
    return geopandas.GeoDataFrame(
        {
            "code": [f"JN-{number:07d}" for number in numbers],
            "name": [f"地块{number}号" for number in numbers],
            "use": rng.choice(USES, count),
            "street": [f"街道{number}" for number in rng.integers(0, 200, count)],
            "year": rng.integers(2016, 2036, count),
            "area_m2": rng.uniform(200, 90_000, count).round(1),
        },
        geometry=shapely.polygons(rings),
        crs=4326,
    )


def features(frame: geopandas.GeoDataFrame) -> Iterator[Feature]:
    """Yield the rows of `parcels` as features."""
    names = [name for name in frame.columns if name != "geometry"]
    columns = [frame[name].tolist() for name in names]
    for geometry, *values in zip(frame.geometry, *columns, strict=True):
        yield Feature(str(values[0]), geometry, dict(zip(names, values, strict=True)))


def layer_name(count: int) -> str:
    """Return the id of the layer with some number of features: ``parcels100k``."""
    return f"parcels{count // 1000}k"


def declare(folder: Path, counts: Sequence[int]) -> None:
    """Write a copy of the shipped data whose catalogue has a layer for each number."""
    shutil.copytree(bundled_data(), folder, dirs_exist_ok=True)
    path = folder / "geojson" / "catalog.json"
    catalogue = json.loads(path.read_text(encoding="utf-8"))
    catalogue["layers"] += [_layer(layer_name(count), count) for count in counts]
    path.write_text(json.dumps(catalogue, ensure_ascii=False), encoding="utf-8")
    for count in counts:
        empty = '{"type": "FeatureCollection", "features": [\n]}\n'
        (folder / "geojson" / f"{layer_name(count)}.geojson").write_text(empty, encoding="utf-8")


def _layer(layer_id: str, count: int) -> dict[str, object]:
    texts = dict.fromkeys(("description", "description_en", "attribution", "attribution_en"), "")
    return texts | {
        "id": layer_id,
        "file": f"{layer_id}.geojson",
        "title": f"地块（{count:,}）",
        "title_en": f"Parcels ({count:,})",
        "licence": "",
        "common": False,
        "id_column": "code",
        "label": "name",
        "geometry_types": ["Polygon"],
        "geometry_required": True,
        "checks": [],
        "style": {},
        "schema": {
            "properties": {
                "code": {"type": "string"},
                "name": {"type": "string"},
                "use": {"type": "string", "enum": list(USES)},
                "street": {"type": "string"},
                "year": {"type": "integer"},
                "area_m2": {"type": "number", "minimum": 0},
            },
            "required": ["code", "use"],
        },
    }


def publish(home: Path, counts: Sequence[int], store: Path | str | None = None) -> None:
    """Publish the layers into the store of an atlas, and make them ready to be read."""
    declare(home / "data", counts)
    bundle = read_bundle(home / "data")
    opened = Store(store or home / "atlas.sqlite")
    seed_store(opened, bundle)
    declared = {layer.id: layer for layer in bundle.catalogue.layers}
    for count in counts:
        layer = declared[layer_name(count)]
        head = opened.head(layer.id)
        if head is not None and opened.count(head) == count:
            continue
        known = list(features(parcels(count)))
        revision = opened.publish(
            layer.id, known, base=head, kind="publish", author="bench", message=f"{count:,}"
        )
        open_head(opened, layer, revision, home / "snapshots")
    opened.close()


if __name__ == "__main__":
    publish(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]])
