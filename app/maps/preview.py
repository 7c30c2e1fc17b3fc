"""The picture that stands for a page elsewhere (Open Graph): a map and a title as PNG."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont
    from shapely.geometry.base import BaseGeometry

    from .picture import Shape, View

SIZE = (1200, 630)
"""Pixels, as the networks that show such pictures ask for."""

MAP_WIDTH = 620

_PAPER, _INK, _QUIET = "#F5F1E7", "#1D3557", "#424B56"
_FINE = 2
"""Pixels that are drawn for one of the picture, so that edges are smooth."""

_FONTS = (
    "NotoSerifCJK-Bold.ttc",
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "SourceHanSerifSC-Bold.otf",
    "wqy-zenhei.ttc",
    "simsun.ttc",
    "PingFang.ttc",
)
"""Fonts with Chinese, as systems have them; without one a picture has no words."""


def preview_png(view: View | None, shapes: Sequence[Shape], lines: Sequence[str]) -> bytes:
    """Return a picture of a page.

    Parameters
    ----------
    view : View or None
        Of `MAP_WIDTH` and the height of `SIZE`; None where there is no place to show.
    lines : sequence of str
        The title, and what is written below it.
    """
    # Most visits ask for no picture; reading the library takes a while.
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (SIZE[0] * _FINE, SIZE[1] * _FINE), _PAPER)
    draw = ImageDraw.Draw(image, "RGBA")
    if view is not None:
        for shape in shapes:
            _draw(draw, shape, view.pixels(shape.geometry))
        draw.rectangle((view.width * _FINE, 0, image.width, image.height), fill=_PAPER)
    left = (MAP_WIDTH if view is not None else 0) + 48
    draw.rectangle(((left - 48) * _FINE, 0, (left - 40) * _FINE, image.height), fill=_INK)
    _write(draw, lines, left)
    file = BytesIO()
    image.resize(SIZE, Image.Resampling.BOX).save(file, "PNG", compress_level=5)
    return file.getvalue()


def _draw(draw: ImageDraw, shape: Shape, pixels: BaseGeometry) -> None:
    fill = {"ground": "30", "halo": "28", "focus": "90", "frame": "00"}.get(shape.role, "90")
    width = _FINE * (3 if shape.role == "focus" else 1)
    for part in shapely.get_parts(pixels):
        if part.geom_type == "Point":
            x, y, radius = part.x * _FINE, part.y * _FINE, 12 * _FINE
            around = (x - radius, y - radius, x + radius, y + radius)
            draw.ellipse(around, fill=f"{shape.colour}{fill}", outline=shape.colour, width=width)
        elif part.geom_type == "Polygon":
            places = [(x * _FINE, y * _FINE) for x, y in part.exterior.coords]
            draw.polygon(places, fill=f"{shape.colour}{fill}")
            if shape.role != "halo":
                draw.line(places, fill=shape.colour, width=width)
        else:
            draw.line([(x * _FINE, y * _FINE) for x, y in part.coords], shape.colour, width * 2)


def _write(draw: ImageDraw, lines: Sequence[str], left: int) -> None:
    room = (SIZE[0] - left - 40) * _FINE
    y = 90 * _FINE
    for place, text in enumerate(lines):
        font = _font((54 if place == 0 else 28) * _FINE)
        if font is None:
            return
        for row in _rows(draw, text, font, room)[: 4 if place == 0 else 5]:
            draw.text((left * _FINE, y), row, font=font, fill=_INK if place == 0 else _QUIET)
            y += int(font.size * 1.4)
        y += 20 * _FINE


def _rows(draw: ImageDraw, text: str, font: FreeTypeFont, room: int) -> list[str]:
    """Return a text in rows that fit: broken anywhere in Chinese, at spaces in English."""
    rows = [""]
    words = text.split(" ") if text.isascii() else list(text)
    between = " " if text.isascii() else ""
    for word in words:
        longer = f"{rows[-1]}{between if rows[-1] else ''}{word}"
        if rows[-1] and draw.textlength(longer, font=font) > room:
            rows.append(word)
        else:
            rows[-1] = longer
    return rows


@lru_cache(maxsize=4)
def _font(size: int) -> FreeTypeFont | None:
    from PIL import ImageFont

    for name in _FONTS:
        with suppress(OSError):
            # Face 2 of a Noto collection has the forms of the mainland.
            return ImageFont.truetype(name, size, index=2 if "CJK" in name else 0)
    return None
