"""Sheets of any view: true to scale, complete in words, refused with a way out."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from urllib.parse import unquote

import pytest
import shapely
from PIL import Image
from pypdf import PdfReader

from app.printing.asked import parse_asked
from app.printing.sheets import make_sheet, notice
from app.rate import Rate
from layers.measure import to_4548
from layers.model import BBox
from layers.printing import PAPERS, Printer, View, fitting_scale
from layers.printing.paper import SMALLEST_SCALE, bar_length_m

POINTS_PER_MM = 72 / 25.4


@pytest.fixture
def sheet(client):
    """Get a sheet as a PDF of one page, and its text without the breaks of lines."""

    def fetch(**params):
        answer = client.get("/print", params={"format": "pdf", **params})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        (page,) = PdfReader(io.BytesIO(answer.content)).pages
        return page, re.sub(r"\s", "", page.extract_text())

    return fetch


@pytest.mark.parametrize(
    ("paper", "orientation", "size"),
    [
        ("A4", "portrait", (210, 297)),
        ("A4", "landscape", (297, 210)),
        ("A3", "portrait", (297, 420)),
        ("A3", "landscape", (420, 297)),
    ],
)
def test_a_sheet_has_the_size_of_its_paper(sheet, paper, orientation, size):
    page, _ = sheet(paper=paper, orientation=orientation)
    millimetres = tuple(float(side) / POINTS_PER_MM for side in page.mediabox[2:])
    assert millimetres == pytest.approx(size, abs=0.01)


def corners_of(page):
    """Return the positions that lines on a page go through, in points."""
    stream = page.get_contents().get_data().decode("latin-1")
    found = re.findall(r"(-?[\d.]+) (-?[\d.]+) [ml]\s", stream)
    return [(float(x), float(y)) for x, y in found]


def test_the_scale_is_true_on_paper(sheet, get):
    scale, (longitude, latitude) = 200_000, (116.95, 36.6)
    page, text = sheet(scale=scale, center=f"{longitude},{latitude}", layers="district")
    assert f"1:{scale:,}" in text
    frame = PAPERS["A4"].map_box
    middle = frame.left + frame.width / 2, frame.bottom + frame.height / 2
    centre = to_4548(shapely.Point(longitude, latitude))
    (district,) = get("/api/collections/district/items")["features"]
    drawn = corners_of(page)
    outline = to_4548(shapely.geometry.shape(district["geometry"]))
    for east, north in shapely.get_coordinates(outline.exterior)[:-1]:
        expected = [
            (where + (metres - start) * 1000 / scale) * POINTS_PER_MM
            for metres, start, where in zip(
                (east, north), (centre.x, centre.y), middle, strict=True
            )
        ]
        # A tenth of a millimetre on paper is what a good printer does.
        nearest = min(max(abs(x - expected[0]), abs(y - expected[1])) for x, y in drawn)
        assert nearest < 0.1 * POINTS_PER_MM


def test_a_bar_of_two_kilometres_is_as_long_as_its_scale_says():
    length = bar_length_m(50_000, 45)
    assert length == 2000
    assert length * View(0, 0, 50_000, PAPERS["A4"].map_box).millimetres == 40


def test_a_sheet_says_all_that_must_be_known_of_it(sheet):
    _, text = sheet(title="三大空间一览", zone="北部核心区")
    for words in (
        "三大空间一览",
        "图例",
        "片区：北部核心区",
        "重点项目第1版",
        "数据日期",
        "打印日期",
        "EPSG:4548",
        "P1准确",
        "P4示意",
        "示意图，不作为法定规划依据",
        "没有画在图上",
        "km",
        "北",
    ):
        assert words in text, words


def test_a_sheet_in_english_is_in_english(sheet):
    _, text = sheet(lang="en")
    for words in ("Legend", "Aboutthismap", "Printed", "Dataof"):
        assert words in text, words
    assert "图例" not in text


def test_the_legend_holds_what_is_on_the_sheet_and_nothing_else(sheet):
    _, text = sheet(layers="zones", scale=5_000, center="116.98,36.65")
    assert "三大空间（1）" in text
    assert "南部生态区" not in text
    assert "重点项目" not in text


def test_the_fonts_are_embedded(sheet):
    page, _ = sheet()
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        assert font["/Subtype"] == "/Type3" or "/FontFile2" in font["/FontDescriptor"]


def test_a_map_with_a_review_number_carries_it(sheet, application):
    published = application.state.published
    atlas = published.latest.atlas
    words = application.state.templates.wording(atlas, "zh")
    asked = parse_asked([], atlas, published)
    assert make_sheet(asked, words, "鲁SG(2026)001号").notice == "审图号：鲁SG(2026)001号"
    assert notice(words, None) == "示意图，不作为法定规划依据"


def test_a_picture_has_150_dots_to_the_inch(client):
    answer = client.get("/print", params={"format": "png"})
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == pytest.approx((210 / 25.4 * 150, 297 / 25.4 * 150), abs=1)


def test_the_same_sheet_is_not_sent_twice(client):
    first = client.get("/print", params={"format": "png"})
    again = client.get(
        "/print", params={"format": "png"}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("format", "doc"),
        ("paper", "A5"),
        ("orientation", "diagonal"),
        ("bbox", "1,2,3"),
        ("bbox", "nan,1,2,3"),
        ("bbox", "0,0,1,1"),
        ("center", "116.9"),
        ("center", "0,0"),
        ("scale", "0"),
        ("scale", "-5"),
        ("scale", "9" * 18),
        ("scale", "many"),
        ("layers", "nothing"),
        ("layers", ""),
        ("title", "长" * 61),
        ("filter", "kind ="),
        ("datetime", "yesterday"),
        ("lang", "fr"),
        ("limit", "10"),
        ("colour", "red"),
        ("revision", "x"),
        ("year", "2030"),
    ],
)
def test_a_malformed_parameter_is_named(assert_problem, parameter, value):
    params = {"format": "pdf", parameter: value}
    problem = assert_problem("/print", 400, params=params)
    assert problem["errors"][0]["parameter"] == parameter


def test_two_extents_are_one_too_many(assert_problem):
    params = {"format": "pdf", "bbox": "116.9,36.5,117,36.6", "center": "116.9,36.5"}
    assert assert_problem("/print", 400, params=params)["errors"][0]["parameter"] == "center"


def test_what_has_no_date_is_left_out_or_not(assert_problem):
    params = {"format": "pdf", "year": "2025", "undated": "on"}
    assert assert_problem("/print", 400, params=params)["errors"][0]["parameter"] == "undated"


def test_a_revision_that_there_is_not_is_not_found(assert_problem):
    assert_problem("/print", 404, params={"format": "pdf", "revision": "99"})


def test_a_title_brings_no_hidden_marks_into_the_name_of_the_file(client):
    answer = client.get(
        "/print",
        params={"format": "pdf", "title": "图\u202efdp.\x00exe\u200b", "layers": "district"},
    )
    assert answer.status_code == 200
    name = unquote(answer.headers["content-disposition"])
    assert "图fdp.exe-" in name
    assert name.isprintable()


@pytest.mark.parametrize("title", ["$x^2$", "<b>市中</b>", "\u202e反", "😀 𠮷", "\x00", "   "])
def test_any_title_can_be_printed(sheet, title):
    sheet(title=title, layers="district")


def test_more_shapes_than_a_sheet_holds_are_refused_with_a_way_out(assert_problem, monkeypatch):
    monkeypatch.setattr("app.printing.sheets.MOST_SHAPES", 5)
    problem = assert_problem("/print", 400, params={"format": "pdf", "layers": "projects"})
    assert problem["errors"][0]["parameter"] == "layers"
    for way in ("smaller extent", "filter", "/api/collections/projects"):
        assert way in problem["detail"]


def test_without_a_chinese_font_one_sentence_says_how_to_mend_it(
    assert_problem, application, tmp_path, monkeypatch
):
    sheets = application.state.sheets
    monkeypatch.setattr(sheets, "_printer", Printer(tmp_path, families=("No Such Family",)))
    problem = assert_problem("/print", 503, params={"format": "pdf", "title": "无字体"})
    assert "fonts-noto-cjk" in problem["detail"]


def test_a_sheet_that_takes_too_long_is_given_up(
    assert_problem, application, tmp_path, monkeypatch
):
    printer = Printer(tmp_path, seconds=0.01)
    monkeypatch.setattr(application.state.sheets, "_printer", printer)
    problem = assert_problem("/print", 503, params={"format": "pdf", "title": "太久"})
    assert "smaller extent" in problem["detail"]


def test_the_process_that_waits_from_the_start_draws_the_first_sheet_and_stays(
    sheet, application, tmp_path, monkeypatch
):
    printer = Printer(tmp_path)
    monkeypatch.setattr(application.state.sheets, "_printer", printer)
    application.state.sheets.warm()
    (waiting,) = printer._idle
    sheet(title="第一张", layers="district")
    assert printer._idle == [waiting]
    assert waiting.poll() is None
    printer.close()
    assert waiting.poll() is not None


def test_who_prints_too_often_is_asked_to_wait(client, application, monkeypatch):
    monkeypatch.setattr(application.state.sheets, "rate", Rate("1/hour"))
    answers = [client.get("/print", params={"format": "png"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) > 0


def test_the_page_shows_a_preview_and_offers_both_files(client):
    page = client.get("/print", params={"paper": "A3", "zone": "北部核心区"}).text
    assert "format=png" in page
    assert "format=pdf" in page
    assert "片区：北部核心区" in page


def test_a_link_with_something_unknown_gives_a_notice_and_the_rest_works(client):
    answer = client.get("/print", params={"paper": "A3", "layers": "gone", "colour": "<script>"})
    assert answer.status_code == 200
    assert "已略去" in answer.text
    assert "A3，1:" in answer.text
    assert "<script>" not in answer.text.replace('<script type="module"', "")


def test_nothing_of_matplotlib_is_in_the_server():
    told = "import sys, app.main; sys.exit('matplotlib' in sys.modules or 'pypdf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0


def test_a_scale_is_round_and_holds_the_box():
    frame = PAPERS["A4"].map_box
    scale = fitting_scale(BBox(116.9, 36.5, 117.0, 36.6), frame)
    assert scale % 100 == 0
    view = View.around(116.95, 36.55, scale, frame)
    west, south, east, north = view.bbox
    assert west < 116.9 < 117.0 < east
    assert south < 36.5 < 36.6 < north
    assert fitting_scale(BBox(-180, -90, 180, 90), frame) == SMALLEST_SCALE


def test_a_sheet_of_a_year_has_what_the_plan_dates_to_it_and_says_so(sheet, client):
    _, every = sheet()
    _, text = sheet(year="2035", undated="off")
    assert "筛选规划年份：2035（不含规划没有给时间的）" in text
    assert "重点项目（18）" in every
    assert "重点项目（18）" not in text
    _, marked = sheet(year="2035")
    assert "规划年份：2035（含规划没有给时间的）" in marked
    _, english = sheet(year="2035", lang="en")
    assert "2035(withwhattheplangivesnodate)" in english


def test_the_page_of_sheets_names_the_year_and_leads_back_to_it(client):
    page = client.get("/print?year=2025").text
    assert "筛选：规划年份：2025（含规划没有给时间的）" in page
    assert "/?year=2025&amp;paper=A4" in page
    assert "链接里的“year”用不了" in client.get("/print?year=2030").text
