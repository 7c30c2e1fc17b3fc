"""Pages of the application as files: links lead to files, and what needs a server is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lxml.html
import orjson

if TYPE_CHECKING:
    from .addresses import Addresses

_ADDRESSES = ("href", "src")
_NEEDS_A_SERVER = (
    "//form",
    "//div[contains(@class, 'asking')]",
    "//link[@rel='canonical' or @rel='preload' or @rel='modulepreload']",
    "//meta[starts-with(@property, 'og:')]",
    "//*[contains(@class, 'copying')]",
    "//p[label[@for='link']]",
    "//p[@id='copied']",
    "//figure[contains(@class, 'qr')]",
    "//script[contains(@src, '/atlas/share.js')]",
    "//*[contains(@class, 'actions')]/a[starts-with(@href, '/?')]",
)
"""What asks a server, or names an address that only one with a host has."""

_LISTS_OF_LINKS = "ancestor-or-self::*[self::nav or contains(@class, 'actions') or @class='file']"
"""Where a link that leads nowhere says nothing without it."""


def rewrite(html: str, here: str, addresses: Addresses, note: tuple[str, str, str]) -> bytes:
    """Return a page as a file of the site.

    Parameters
    ----------
    html : str
        As the application answers.
    here : str
        The file that it becomes.
    note : tuple of str
        What is said on a page whose map is drawn by a script, until it is drawn; then the words and
        the address of where to go instead.
    """
    page = lxml.html.document_fromstring(html)
    for path in _NEEDS_A_SERVER:
        for element in page.xpath(path):
            if element.getparent() is not None:
                element.drop_tree()
    for name in _ADDRESSES:
        for element in page.xpath(f"//*[@{name}]"):
            _relate(element, name, here, addresses)
    for script in page.xpath("//script[@type='module']"):
        del script.attrib["type"]
        script.set("defer", "")
    _relate_data(page, here, addresses)
    if page.xpath("//script[@id='atlas-config']"):
        said, words, address = note
        _add_note(page, said, words, str(addresses.lead(address, here)))
    text = lxml.html.tostring(page, encoding="unicode", doctype="<!doctype html>")
    return f"{text}\n".encode()


def _relate(element: Any, name: str, here: str, addresses: Addresses) -> None:
    lead = addresses.lead(element.get(name), here)
    if lead is not None:
        element.set(name, lead)
    elif element.getparent() is None:
        # Part of what was dropped already.
        return
    elif element.tag == "a" and not element.xpath(_LISTS_OF_LINKS):
        element.drop_tag()
    else:
        element.drop_tree()


def _relate_data(page: Any, here: str, addresses: Addresses) -> None:
    """Load the data of a map's layers with the page."""
    for element in page.xpath("//script[@id='atlas-config']"):
        config = orjson.loads(element.text)
        # Their tiles are in one file, which wants another script than that of the page.
        config["layers"] = [layer for layer in config["layers"] if "tiles" not in layer]
        for layer in config["layers"]:
            # Data are a script, which stands before those that draw them.
            data = {"src": str(addresses.lead(layer.pop("url"), here)), "defer": ""}
            page.head.insert(0, lxml.html.Element("script", data))
        # A script ends at the first end tag, wherever that stands.
        element.text = orjson.dumps(config).decode().replace("<", "\\u003c")


def _add_note(page: Any, said: str, words: str, lead: str) -> None:
    line = lxml.html.Element("p", {"class": "embed-words site-note", "role": "note"})
    line.text = said
    link = lxml.html.Element("a", {"href": lead})
    link.text = words
    line.append(link)
    (page.xpath("//section[contains(@class, 'map')]") or page.xpath("//main"))[0].append(line)
