"""Another district's atlas has its own name wherever a page or a sheet says one."""

from __future__ import annotations

import json
import shutil

import pytest

from app.main import create_app
from app.printing.book import make_book
from app.settings import Settings
from app.templating import wording_of
from layers.catalogue import bundled_data, read_catalogue
from layers.errors import DataInvalid

NAMES = {
    "title": "邻区规划图集",
    "title_en": "Neighbour Planning Atlas",
    "district": "邻区",
    "district_en": "Neighbour District",
    "tagline": "邻区规划一览",
    "tagline_en": "The plan of Neighbour District",
    "description": "邻区的规划。",
    "description_en": "The plan of the neighbour.",
}
PATHS = [
    "/",
    "/help",
    "/zones",
    "/nearby?at=117.3,36.9",
    "/plan/shizhong-14-5/coverage",
    "/maps/atlas",
    "/embed",
    "/print",
    "/opinions",
]


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory):
    """Return the atlas of a district with another name."""
    folder = tmp_path_factory.mktemp("neighbour")
    shutil.copytree(bundled_data(), folder / "data")
    path = folder / "data" / "geojson" / "catalog.json"
    catalogue = json.loads(path.read_text(encoding="utf-8")) | NAMES
    path.write_text(json.dumps(catalogue, ensure_ascii=False), encoding="utf-8")
    outline = folder / "data" / "plan" / "shizhong-14-5" / "outline.json"
    plan = json.loads(outline.read_text(encoding="utf-8"))
    plan |= {"title": "邻区规划", "title_en": "Plan of the neighbour"}
    outline.write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")
    return create_app(Settings(home=folder / "home", data=folder / "data"))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_names_its_own_district(neighbour, over, path, lang):
    visitor = over(neighbour)
    page = visitor.read(f"{path}{'&' if '?' in path else '?'}lang={lang}")
    assert ("邻区规划图集" if lang == "zh" else "Neighbour Planning Atlas") in page
    for named in ("市中规划图集", "Shizhong Planning Atlas", "济南市市中区“十四五”"):
        assert named not in page


def test_who_asks_from_outside_is_told_of_which_district(neighbour, over):
    visitor = over(neighbour)
    assert "这里不在邻区界之内" in visitor.read("/nearby?at=117.3,36.9")
    assert "outside Neighbour District" in visitor.read("/nearby?at=117.3,36.9&lang=en")


def test_sheets_and_the_book_have_its_title_and_its_line(neighbour, over):
    named = over(neighbour).get("/print?format=png&layers=district").headers["content-disposition"]
    assert "%E9%82%BB%E5%8C%BA" in named
    words = wording_of(neighbour.state.published.latest.atlas, "zh")
    cover = make_book(words, None).cover
    assert (cover.title, cover.subtitle) == ("邻区规划图集", "邻区规划一览")


@pytest.mark.parametrize("name", ["district", "tagline_en"])
def test_a_catalogue_that_leaves_a_name_out_is_refused_by_its_name(tmp_path, name):
    path = tmp_path / "catalog.json"
    catalogue = json.loads((bundled_data() / "geojson" / "catalog.json").read_text("utf-8"))
    del catalogue[name]
    path.write_text(json.dumps(catalogue), encoding="utf-8")
    with pytest.raises(DataInvalid, match=name):
        read_catalogue(path)
