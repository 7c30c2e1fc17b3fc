"""Local copies of the scripts and styles that Folium takes from CDNs."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from branca.element import CssLink, JavascriptLink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from branca.element import Figure

    from app.assets import StaticTree

DECLARATION = Path(__file__).with_name("vendor.toml")
_REMOTE = re.compile(r"(https?:)?//")


class UnknownAsset(Exception):
    """A map links to a script or style that has no local copy."""


def localise(figure: Figure, assets: StaticTree, *, drop: Collection[str] = ()) -> None:
    """Send every link in a figure's header to its local copy.

    Links that Folium adds while it renders are in the header only afterwards: render first.

    Parameters
    ----------
    figure : Figure
        Its header is changed in place.
    assets : StaticTree
        Where the local copies lie.
    drop : collection of str
        Names of header children that the page does not use.

    Raises
    ------
    UnknownAsset
        If an address has no local copy, or the copy is missing; the sentence names it.
    """
    copies = local_copies()
    for name, child in list(figure.header._children.items()):
        if name in drop:
            del figure.header._children[name]
        elif isinstance(child, CssLink | JavascriptLink) and _REMOTE.match(child.url):
            if child.url not in copies:
                raise UnknownAsset(
                    f"A map needs {name} from {child.url}, of which there is no local copy; "
                    "declare its package in app/maps/vendor.toml."
                )
            copy = copies[child.url]
            if copy is None:
                del figure.header._children[name]
            else:
                child.url = _href(assets, name, copy)


@lru_cache(maxsize=1)
def local_copies() -> Mapping[str, str | None]:
    """Return the path below ``app/static`` for each address; None for those that are dropped."""
    declared = tomllib.loads(DECLARATION.read_text(encoding="utf-8"))
    copies: dict[str, str | None] = dict.fromkeys(declared["dropped"])
    for package in declared["package"]:
        folder = f"{package['name'].lstrip('@').replace('/', '-')}-{package['version']}"
        for address, path in package.get("links", {}).items():
            copies[address] = f"vendor/{folder}/{path}"
    return copies


def _href(assets: StaticTree, name: str, path: str) -> str:
    try:
        return assets.href(path)
    except FileNotFoundError:
        raise UnknownAsset(
            f"The local copy of {name}, app/static/{path}, is missing; install the atlas again "
            "(pip install .), which fetches it."
        ) from None
