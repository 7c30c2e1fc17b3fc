"""Write docs/axe.md anew: what axe-core finds on the public pages of an atlas that runs.

Run ``python docs/axe.py http://127.0.0.1:8000``. Every rule of axe-core that is no experiment is
asked, those of level AAA too.
"""

from __future__ import annotations

import re
import shutil
import sys
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.sync_api import Page

PAGE = Path(__file__).with_suffix(".md")
TAGS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_STEP = 10
SETTINGS = (("light", 1280, 860), ("dark", 390, 844))
MORE = (
    "/?f=projects/laoshangbu",
    "/?zone=南部生态区&mapped=true",
    "/?year=2025",
    "/maps/atlas?list=1",
    "/maps/projects",
    "/nearby?at=116.99,36.65",
    "/opinions",
    "/opinions/follow",
    "/opinions/privacy",
    "/print",
    "/api?f=html",
    "/api/conformance?f=html",
    "/api/collections?f=html",
    "/api/collections/projects?f=html",
    "/api/collections/projects/items?f=html",
    "/api/collections/projects/items/laoshangbu?f=html",
    "/api/collections/projects/revisions?f=html",
    "/docs",
)
"""Addresses that no search engine is told of."""

_HEAD = """# What axe-core finds, page by page

Written by `python docs/axe.py ADDRESS`, which visits the public addresses of an atlas, of features'
pages each tenth: {count} addresses, each in Chinese and English, light at 1280 pixels and dark at
390, with all rules of axe-core but the experimental ones, level AAA too. The tests ask the same of
one page of each kind after every change, and of every page of the studio
(`tests/browser/test_studio_quality.py`). What axe-core cannot decide by itself is counted as
*undecided*. The level AAA rule that `/docs` fails is the contrast of its theme; AA holds.

| pages | addresses | visits | rules passed, at least | failed | undecided, at most |
|---|---|---|---|---|---|
"""


@dataclass
class Found:
    """What was found on the pages of one kind."""

    addresses: set[str] = field(default_factory=set)
    visits: int = 0
    passed: list[int] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    undecided: list[int] = field(default_factory=list)


def public_addresses(server: str) -> list[str]:
    """Return the addresses of the sitemap and `MORE`, of features each tenth, without the host."""
    with urllib.request.urlopen(f"{server}/sitemap.xml") as answer:  # noqa: S310  of the caller
        found = re.findall("<loc>([^<]+)</loc>", answer.read().decode())
    paths = [urlsplit(each).path for each in found]
    features = [each for each in paths if each.startswith("/features/")]
    return [each for each in paths if each not in features] + features[::_STEP] + list(MORE)


def kind(address: str) -> str:
    """Return what an address has in common with those of its kind."""
    first, *rest = urlsplit(address).path.strip("/").split("/")
    if first in {"features", "zones", "tables"} and rest:
        return f"/{first}/{'{layer}/{id}' if first == 'features' else '{id}'}"
    return f"/{'/'.join([first, *rest])}"


def look(page: Page, server: str, address: str, found: Found) -> None:
    """Visit an address, and add what axe-core says of it."""
    page.goto(server + address)
    if page.locator("#atlas-config").count():
        page.locator("html[data-ready]").wait_for(state="attached")
    said = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    found.visits += 1
    found.passed.append(len(said["passes"]))
    found.undecided.append(len(said["incomplete"]))
    for each in said["violations"]:
        found.failed.setdefault(each["id"], f"{each['id']} ({each['impact']}): {address}")


def visits(server: str, addresses: Iterable[str]) -> dict[str, Found]:
    """Return what is found on all addresses, by their kind."""
    found: dict[str, Found] = defaultdict(Found)
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for scheme, width, height in SETTINGS:
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            for address in addresses:
                for language in ("", "&lang=en" if "?" in address else "?lang=en"):
                    look(page, server, address + language, found[kind(address)])
                found[kind(address)].addresses.add(address)
            page.close()
        browser.close()
    return found


def table(found: dict[str, Found]) -> str:
    """Return the page."""
    count = sum(len(each.addresses) for each in found.values())
    lines = [
        f"| `{name}` | {len(each.addresses)} | {each.visits} | {min(each.passed)}"
        f" | {'<br>'.join(each.failed.values()) or 0} | {max(each.undecided)} |"
        for name, each in sorted(found.items())
    ]
    return _HEAD.format(count=count) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    server = sys.argv[1].rstrip("/")
    PAGE.write_text(table(visits(server, public_addresses(server))), encoding="utf-8")
