"""What becomes of files as offices and attackers send them, each with its outcome.

The files lie beside the project where they exist; the three largest are made here.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from layers.catalogue import read_bundle
from layers.errors import AtlasError
from layers.imports import Refused
from layers.publishing import seed_store
from layers.store import Store
from layers.updates import publish_update, read_update

FILES = Path(__file__).resolve().parents[3] / "shared" / "files"
CASES = (
    [case for case in json.loads((FILES / "corpus.json").read_text())["cases"] if "big" not in case]
    if (FILES / "corpus.json").is_file()
    else []
)

OUTCOMES = {
    "accept": "accept",
    "accept_after_reprojection": "accept",
    "accept_with_warning": "warning",
    "hold": "refuse",
    "reject": "refuse",
}
OURS = {
    # The file has heights and no measures.
    "measured": "z-dropped",
    # The layer holds both kinds, so that nothing has to be promoted.
    "gpkg-mixed": None,
}


@pytest.fixture
def atlas(parcels, tmp_path, grid):
    """Return a store with twelve parcels published, and the data that it came from."""
    bundle = read_bundle(parcels)
    store = Store(tmp_path / "store" / "atlas.sqlite")
    seed_store(store, bundle)
    store.publish(
        "parcels", grid, base=store.head("parcels"), kind="publish", author="a", message="m"
    )
    return store, bundle


def outcome(atlas, path):
    """Return what becomes of a file, the codes that say why, and every sentence."""
    store, bundle = atlas
    try:
        update = read_update(store, bundle, "parcels", path)
    except AtlasError as error:
        return "refuse", {getattr(error, "reason", "")}, str(error)
    report = update.report
    found = report.errors or report.warnings or report.findings
    kind = "refuse" if report.errors else "warning" if report.warnings else "accept"
    return kind, {each.rule for each in found}, report.text()


def expect_untouched(store, before):
    assert (store.sequence(), store.heads()) == before
    assert list(store.faults()) == []


if CASES:

    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_a_file_has_the_outcome_that_is_expected(case, atlas):
        store, _ = atlas
        before = store.sequence(), store.heads()
        kind, codes, text = outcome(atlas, FILES / case["file"])
        reason = OURS.get(case["id"], case["reason"])
        assert kind == OUTCOMES[case["expect"]], text
        if reason is not None:
            assert reason in codes, text
        assert "Traceback" not in text
        assert case.get("leak", "\0") not in text
        assert not Path(case.get("canary", "/nonexistent")).exists()
        expect_untouched(store, before)
        if "value" in case:
            update = read_update(*atlas, "parcels", FILES / case["file"])
            assert update.after[0].properties["用地名称"] == case["value"]
        if "n" in case:
            update = read_update(*atlas, "parcels", FILES / case["file"])
            made = publish_update(
                store, update, author="a", message="m", reason="as the office says"
            )
            assert len(store.features(made)) == case["n"]


def test_a_zip_that_unpacks_to_gigabytes_is_refused_unread(atlas, tmp_path):
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("z.shp", "w", force_zip64=True) as entry,
    ):
        for _ in range(600):
            entry.write(bytes(1_000_000))
    kind, codes, _ = outcome(atlas, path)
    assert (kind, codes) == ("refuse", {"zip-ratio"})


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(atlas, tmp_path):
    path = tmp_path / "large.geojson"
    with path.open("wb") as sink:
        sink.truncate(2_000_000_000)
    kind, codes, _ = outcome(atlas, path)
    assert (kind, codes) == ("refuse", {"file-too-large"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("noise.gpkg", bytes(range(256)) * 40),
        ("noise.zip", b"PK\x03\x04" + bytes(range(256)) * 40),
        ("noise.fgb", b"fgb\x03" + bytes(range(256)) * 40),
        ("empty.geojson", b""),
        ("nul.geojson", b'{"type": "FeatureCollection", "features": [\0]}'),
        ("vrt.kml", b"<OGRVRTDataSource><!-- <kml> --></OGRVRTDataSource>"),
        ("drawing.dwg", b"AC1032" + bytes(200)),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ("cut.csv", "地块编号,用地代码\nA1\n".encode()),
        ("cut.dxf", b"0\nSECTION\n2\nENTITIES\n0\nLINE\n"),
    ],
)
def test_what_is_no_layer_is_refused_in_one_sentence(atlas, tmp_path, name, content):
    store, bundle = atlas
    before = store.sequence(), store.heads()
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        read_update(store, bundle, "parcels", path)
    assert refused.value.reason
    assert len(refused.value.sentence.splitlines()) == 1
    expect_untouched(store, before)
