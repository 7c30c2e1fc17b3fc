"""A report of what an area of interest touches; the area is refused in a sentence, and not kept."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile

import geopandas
import pytest
from pyproj import Geod
from shapely.geometry import Point, box, mapping

AREA = box(116.96, 36.63, 117.01, 36.67)


def geojson(geometry) -> bytes:
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(geometry)}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def shapefile(geometry, folder) -> bytes:
    frame = geopandas.GeoDataFrame({"name": ["a"]}, geometry=[geometry], crs=4490)
    frame.to_file(folder / "area.shp")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for part in folder.glob("area.*"):
            archive.write(part, part.name)
    return content.getvalue()


def test_it_names_what_is_touched_how_much_of_it_and_how_sure_that_is(visitor):
    page = visitor.read("/areas", area=AREA.wkt)
    row = page[page.index('<a href="/features/projects/laoshangbu">') :].split("</tr>")[0]
    assert "公顷" in row
    assert "%" in row
    assert "示意 ±1.2 km" in row
    assert "第四章" in row


def test_areas_are_those_of_the_ellipsoid(visitor):
    area, _ = Geod(ellps="GRS80").geometry_area_perimeter(AREA)
    assert f"{abs(area) / 1e6:,.2f} 平方公里" in visitor.read("/areas", area=AREA.wkt)


def test_what_is_drawn_beside_it_by_less_than_its_uncertainty_is_named_too(visitor):
    page = visitor.read("/areas", area=box(116.90, 36.60, 116.905, 36.605).wkt)
    assert "误差比距离大" in page
    assert "相距" in page


def test_the_report_is_a_link(visitor):
    page = visitor.post("/areas", data={"area": AREA.wkt}).text
    link = re.search(r'<p><a href="(/areas\?area=[^"]*)"', page)
    assert link is not None
    assert "老商埠" in visitor.read(html.unescape(link[1]))


@pytest.mark.parametrize("kind", ["geojson", "shp.zip"])
def test_a_file_is_read_and_not_kept(visitor, tmp_path, kind):
    content = geojson(AREA) if kind == "geojson" else shapefile(AREA, tmp_path)
    answer = visitor.post("/areas", files={"file": (f"area.{kind}", content)})
    assert answer.headers["cache-control"] == "no-store"
    assert "老商埠" in answer.text
    assert "老商埠" not in visitor.read("/areas")


STAR = "POLYGON((116.9 36.6, 117 36.7, 117 36.6, 116.9 36.7, 116.9 36.6))"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("here", "neither as WKT nor as GeoJSON"),
        ("{", "neither as WKT nor as GeoJSON"),
        ("GEOMETRYCOLLECTION(" * 50_000, "neither as WKT nor as GeoJSON"),
        ('{"type":"GeometryCollection","geometries":[' * 300, "neither as WKT nor as GeoJSON"),
        ('{"type": "Polygon"}', "neither as WKT nor as GeoJSON"),
        ("POINT(116.9 36.6)", "no inside"),
        ("POLYGON EMPTY", "is empty"),
        (STAR, "not valid"),
        (box(0, 0, 400, 1).wkt, "outside longitude"),
        (box(100, 30, 117, 40).wkt, "larger than"),
        (Point(116.9, 36.6).buffer(0.01, quad_segs=2000).wkt, "more than 5,000 vertices"),
    ],
)
def test_what_is_no_area_is_refused_in_a_sentence(visitor, text, reason):
    answer = visitor.post("/areas?lang=en", data={"area": text})
    assert answer.status_code == 200
    notice = re.search(r'<p class="notice" role="alert"[^>]*>([^<]*)</p>', answer.text)
    assert notice is not None
    assert reason in html.unescape(notice[1])


def test_a_file_that_is_something_else_is_refused_in_a_sentence(visitor):
    answer = visitor.post("/areas", files={"file": ("a.zip", b"PK\x03\x04 no zip")})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_too_many_bytes_are_not_read(visitor):
    answer = visitor.post("/areas", files={"file": ("a.geojson", b"{" + b" " * 3_000_000)})
    assert answer.status_code == 413


def test_nothing_internal_is_in_a_report(own, publish):
    visitor, store = own
    publish(store, "x", laoshangbu={"access": "internal"})
    assert "老商埠" not in visitor.read("/areas", area=AREA.wkt).replace("例如：老商埠", "")
