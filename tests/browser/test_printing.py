"""The browser's own printing: fitted to the paper, at a round scale, and put back afterwards."""

from __future__ import annotations

import io
import re
import unicodedata

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("/", (210, 297)),
        ("/?paper=A4&orientation=landscape", (297, 210)),
        ("/?paper=A3", (297, 420)),
        ("/?paper=A3&orientation=landscape", (420, 297)),
    ],
)
def test_the_map_page_prints_on_its_paper_with_all_that_must_be_known(visit, query, size):
    page = visit(query)
    expect(page.locator("body")).to_have_class(re.compile("paper-"))
    content = page.pdf(prefer_css_page_size=True, print_background=True)
    first = PdfReader(io.BytesIO(content)).pages[0]
    millimetres = tuple(float(side) / 72 * 25.4 for side in first.mediabox[2:])
    assert millimetres == pytest.approx(size, abs=0.5)
    # The browser writes some characters as the radicals that they look like.
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", first.extract_text()))
    assert re.search(r"比例尺1:\d+,000", text)
    for words in ("没有筛选", "数据版本", "打印日期", "不作为法定规划依据", "北部核心区"):
        assert words in text, words


def test_the_link_to_a_sheet_takes_the_view_and_the_filter_along(visit):
    page = visit("/?zone=北部核心区")
    expect(page.locator("body")).to_have_class(re.compile("paper-"))
    page.locator("#print").focus()
    href = page.locator("#print").get_attribute("href")
    assert re.search(r"^/print\?bbox=[\d.,]+&zone=", href)
