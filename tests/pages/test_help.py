"""Help, the accessibility statement, and where all pages are."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from app.pages import router as pages_router
from app.pages.help import FAILURES
from app.printing import router as printing_router


@pytest.mark.parametrize(
    ("lang", "groups"),
    [
        ("zh", ("我住在这里", "我做规划", "我管数据")),
        ("en", ("I live here", "I am a planner", "I keep the data")),
    ],
)
def test_help_speaks_to_three_groups_in_both_languages(visitor, lang, groups):
    page = visitor.read("/help", lang=lang)
    assert all(group in page for group in groups)
    assert "P4" in page


def test_the_statement_says_what_is_known_to_fail(visitor):
    page = visitor.read("/accessibility")
    assert all(failure in page for failure in FAILURES)


def test_the_sitemap_has_every_public_page_and_each_is_there(visitor):
    assert "Sitemap: http://testserver/sitemap.xml" in visitor.read("/robots.txt")
    tree = ET.fromstring(visitor.read("/sitemap.xml"))  # noqa: S314  our own
    places = [each.text for each in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert "http://testserver/features/projects/laoshangbu" in places
    assert len(places) == len(set(places)) > 300
    paths = [urlsplit(place or "").path for place in places]
    assert {visitor.get(path).status_code for path in paths[:20] + paths[::40]} == {200}


@pytest.mark.parametrize(
    "path", ["/help", "/nearby", "/zones", "/tables", "/areas", "/compare", "/accessibility"]
)
def test_every_page_leads_to_the_others_and_to_itself_in_the_other_language(visitor, path):
    page = visitor.read(path)
    for there in ("/nearby", "/zones", "/tables", "/areas", "/compare", "/help", "/accessibility"):
        assert f'href="{there}"' in page
    assert f'href="{path}?lang=en" lang="en"' in page
    assert f'href="{path}" lang="zh-CN"' in visitor.read(path, lang="en")


def addresses(routers) -> set[str]:
    """Return the addresses without a name in them that people can ask for."""
    contexts = (each for router in routers for part in router.routes for each in parts(part))
    return {each.path for each in contexts if "GET" in each.methods and "{" not in each.path}


def parts(route):
    return route.effective_route_contexts() if hasattr(route, "original_router") else [route]


@pytest.mark.parametrize("start", ["/", "/help"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_is_reached_from_the_navigation_or_a_page_that_it_leads_to(visitor, start, lang):
    every = {
        path
        for path in addresses([pages_router, printing_router])
        if visitor.get(path).headers["content-type"].startswith("text/html")
    } - {"/docs"}
    assert {"/compare", "/print", "/opinions/follow"} < every
    reached, waiting = {start}, [start]
    while waiting:
        page = visitor.read(waiting.pop(), lang=lang)
        found = {urlsplit(unescape(link)).path for link in re.findall(r'href="(/[^"]*)"', page)}
        waiting += sorted(found & every - reached)
        reached |= found
    assert every - reached == set()
