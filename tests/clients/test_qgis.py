"""QGIS opens a layer through its OAPIF provider and reads all of it."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def seen(run_qgis):
    return run_qgis("read")


def test_a_layer_opens_with_its_columns_and_reference_system(seen):
    assert seen["fields"] == {
        "id": "String",
        "地块编号": "String",
        "用地名称": "String",
        "用地代码": "String",
        "面积": "Real",
    }
    assert seen["crs"] in {"OGC:CRS84", "EPSG:4326"}
    assert seen["extent"] == pytest.approx([116.95, 36.55, 116.96, 36.573])


def test_every_feature_is_read_once_over_all_pages(seen):
    assert (seen["count"], seen["features"], seen["ids"]) == (230, 230, 230)


def test_quotes_and_backslashes_come_unharmed(seen):
    """QGIS up to 3.40 loses them where they are not written as escapes of their numbers."""
    assert seen["names"] == ['“示范”"引号"与\\反斜杠\\']


def test_an_extent_gives_the_features_in_it(seen):
    assert seen["in_box"] == ["Z001", "Z002", "Z011", "Z012"]
