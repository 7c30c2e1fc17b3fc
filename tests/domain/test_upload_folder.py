"""What is sent is kept whole or not at all, and belongs to what was told of it."""

from __future__ import annotations

import io
import os

import pytest

from layers.errors import InvalidParameter, NotFound
from layers.imports import Told
from layers.upload_folder import MOST_WAITING, Progress, UploadFolder, group_parts


@pytest.fixture
def uploads(tmp_path):
    return UploadFolder(tmp_path / "uploads")


def add(uploads, name="a.geojson", owner="li"):
    return uploads.add([(name, io.BytesIO(b"{}"))], owner=owner, layer_id="zones")


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["a.geojson", "b.geojson"], [[0], [1]]),
        (["A.DBF", "a.shp", "a.shx", "a.shp.xml"], [[1, 0, 2, 3]]),
        (["a.shp", "b.shp", "b.dbf", "a.dbf"], [[0, 3], [1, 2]]),
        (["a.dbf", "a.geojson"], [[0], [1]]),
        (["a.shp", "a.dbf", "x/a.dbf"], [[0, 1], [2]]),
        (["地块.shp", "地块.prj", "地块.csv"], [[0, 1], [2]]),
        ([], []),
    ],
)
def test_the_parts_of_a_shapefile_belong_together_and_nothing_else_does(names, groups):
    assert group_parts(names) == groups


def test_what_is_kept_is_read_back_as_it_was(uploads):
    sent = add(uploads, name="名 '<\\")
    told = uploads.change(sent, told=Told(crs="4548", columns={"A": "", "B": "name"}))
    assert uploads.get(sent.id) == told
    assert uploads.list() == [told]


def test_what_was_found_for_something_else_that_was_told_is_not_kept(uploads):
    before = add(uploads)
    uploads.put_progress(before, Progress("ready"))
    after = uploads.change(before, told=Told(crs="4548"))

    assert uploads.progress(after) is None
    assert not uploads.put_progress(before, Progress("ready"))
    assert uploads.progress(after) is None


def test_nothing_is_kept_of_what_was_thrown_away_meanwhile(uploads):
    upload = add(uploads)
    uploads.remove(upload)
    assert not uploads.put_progress(upload, Progress("ready"))
    with pytest.raises(NotFound):
        uploads.change(upload, told=Told())


def test_somebody_who_lets_too_much_wait_is_told_so(uploads):
    for _ in range(MOST_WAITING):
        add(uploads)
    with pytest.raises(InvalidParameter):
        add(uploads)
    assert add(uploads, owner="wang").owner == "wang"


def test_what_a_crash_has_left_half_made_is_removed_after_a_day(uploads, tmp_path):
    add(uploads)
    half, fresh = tmp_path / "uploads" / ".making-old", tmp_path / "uploads" / ".making-new"
    half.mkdir()
    fresh.mkdir()
    os.utime(half, (0, 0))
    uploads.remove_old()
    assert not half.exists()
    assert fresh.exists()
