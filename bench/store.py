"""How long a large layer takes: import with checks, publish, a small change, memory.

Run ``python bench/store.py [FEATURES] [ADDRESS]``: a number (100,000 by default) and a PostgreSQL
address (an SQLite file in a temporary folder by default). The peer in the same run is a plain
GeoPackage written by pyogrio, which keeps neither history nor digests nor order.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas
import numpy as np
import shapely

from layers.catalogue import bundled_data, read_bundle
from layers.drafts import keep_draft, open_draft, publish_draft
from layers.edits import Editing
from layers.imports import Limits
from layers.publishing import open_atlas, seed_store
from layers.store import Store
from layers.updates import publish_update, read_update

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.catalogue import Bundle

CHANGED = 300
LAYER = {
    "id": "parcels",
    "file": "parcels.geojson",
    "title": "地块",
    "title_en": "Parcels",
    "description": "",
    "description_en": "",
    "attribution": "",
    "attribution_en": "",
    "licence": "",
    "common": False,
    "id_column": "code",
    "label": "name",
    "geometry_types": ["Polygon"],
    "geometry_required": True,
    "checks": ["coverage"],
    "style": {},
    "schema": {
        "properties": {
            "code": {"type": "string"},
            "name": {"type": "string"},
            "use": {"type": "string", "enum": ["R2", "B1", "G1", "A33", "M1"]},
            "area": {"type": "number", "minimum": 0},
        },
        "required": ["code", "use"],
    },
}


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long something takes."""
    start = time.perf_counter()
    yield
    print(f"{what:<44} {time.perf_counter() - start:8.2f} s")


def parcels(count: int) -> geopandas.GeoDataFrame:
    """Return quadrangles side by side within the district, with uneven shared corners."""
    side = int(np.ceil(np.sqrt(count)))
    rng = np.random.default_rng(20261124)
    x, y = np.meshgrid(np.linspace(116.93, 117.0, side + 1), np.linspace(36.54, 36.6, side + 1))
    step = 0.07 / side
    x, y = (each + rng.uniform(-0.2, 0.2, each.shape) * step for each in (x, y))
    corners = np.stack([x, y], axis=-1)
    rings = np.stack(
        [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2
    ).reshape(-1, 4, 2)[:count]
    return geopandas.GeoDataFrame(
        {
            "code": [f"P{i:07}" for i in range(count)],
            "name": [f"居住用地（{i}号）" for i in range(count)],
            "use": rng.choice(["R2", "B1", "G1", "A33", "M1"], count),
            "area": rng.uniform(10, 1000, count).round(2),
        },
        geometry=shapely.polygons(rings),
        crs=4490,
    )


def data_with_parcels(folder: Path) -> Path:
    """Return a copy of the shipped data that declares a layer of parcels, without any."""
    shutil.copytree(bundled_data(), folder)
    path = folder / "geojson" / "catalog.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["layers"].append(LAYER)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    (folder / "geojson" / "parcels.geojson").write_text(
        '{"type": "FeatureCollection", "features": []}', encoding="utf-8"
    )
    return folder


def edit(store: Store, bundle: Bundle, folder: Path) -> None:
    """Time two edits, one behind the other, until they are shown."""
    atlas = open_atlas(store, bundle, None, folder)
    for number in range(2):
        shown = atlas.layer("parcels")
        editing = Editing(store, bundle, "parcels", near=shown.near, author="bench")
        which = "first" if number == 0 else "next"
        with timed(f"{which} edit of one feature"):
            editing.update("P0000005", {"properties": {"name": f"第{number}次"}})
        with timed("until it is shown"):
            atlas = open_atlas(store, bundle, atlas, folder)


def main(count: int, address: str | None) -> None:
    """Measure every step with a number of features."""
    folder = Path(tempfile.mkdtemp(prefix="atlas-bench-"))
    frame = parcels(count)
    print(f"{count:,} features, {os.cpu_count()} cores, on {address or 'SQLite'}")
    with timed("peer: GeoPackage written by pyogrio"):
        frame.to_file(folder / "parcels.gpkg", layer="parcels")
    bundle = read_bundle(data_with_parcels(folder / "data"))
    store = Store(address or folder / "atlas.sqlite")
    seed_store(store, bundle)
    limits = Limits(bytes=2_000_000_000, unpacked=4_000_000_000)
    with timed("import with checks"):
        update = read_update(store, bundle, "parcels", folder / "parcels.gpkg", limits=limits)
    assert not update.report.errors, update.report.text()
    with timed("publish"):
        publish_update(store, update, author="bench", message="all", reason="bench")
    size = None if address else (folder / "atlas.sqlite").stat().st_size
    changed = frame.copy()
    changed.loc[1000 : 1000 + CHANGED - 1, "use"] = "M1"
    changed.loc[1000 : 1000 + CHANGED - 1, "area"] = 1.5
    del update
    if count <= 200_000:
        changed.to_file(folder / "changed.gpkg", layer="parcels")
        with timed(f"import of a file with {CHANGED} changes, checks"):
            again = read_update(store, bundle, "parcels", folder / "changed.gpkg", limits=limits)
        keep_draft(store, again, author="bench")
        del again
        draft = open_draft(store, bundle, "parcels")
        with timed(f"publish of {CHANGED} changes"):
            made = publish_draft(
                store, bundle, draft, author="bench", message="some", reason="bench"
            )
        assert made.changed == CHANGED
        edit(store, bundle, folder / "snapshots")
    if size is not None:
        grown = (folder / "atlas.sqlite").stat().st_size - size
        print(f"the store grew from {size / 1e6:.1f} MB by {grown / 1e6:.2f} MB for the changes")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"most memory: {own:,.0f} MB here, {child:,.0f} MB in the reading process")
    shutil.rmtree(folder)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 100_000, given[1] if len(given) > 1 else None)
