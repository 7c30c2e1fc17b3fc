"""A font with Chinese characters, among those that are installed where the atlas runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from layers.errors import PrintingUnavailable

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
)
"""Sans-serif families with simplified characters, the best first."""

_SERIFS = {"Noto Sans CJK SC": "Noto Serif CJK SC", "Noto Sans SC": "Noto Serif SC"}


class Fonts(NamedTuple):
    """The fonts of a sheet: one to read, one that stands out, one for titles."""

    plain: FontProperties
    bold: FontProperties
    title: FontProperties


def find_fonts(families: tuple[str, ...] = FAMILIES) -> Fonts:
    """Return the first of some families that is installed.

    Raises
    ------
    PrintingUnavailable
        If none is.
    """
    from matplotlib.font_manager import FontProperties, fontManager

    present = {each.name for each in fontManager.ttflist if Path(each.fname).is_file()}
    found = next((family for family in families if family in present), None)
    if found is None:
        raise PrintingUnavailable(
            "No font with Chinese characters is installed where the atlas runs; install Noto CJK "
            "there (Debian: apt-get install fonts-noto-cjk) and print again."
        )
    serif = _SERIFS.get(found, found)
    return Fonts(
        FontProperties(family=found),
        FontProperties(family=found, weight="bold"),
        FontProperties(family=serif if serif in present else found, weight="bold"),
    )
