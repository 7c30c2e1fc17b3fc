"""Drawing in millimetres: one page as one set of axes, and text that is broken into lines."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    from .fonts import Fonts
    from .paper import Box, Paper
    from .sheet import Style

INK = "#1D3557"
TEXT = "#22303F"
QUIET = "#56606C"
RULE = "#CFC5AF"
PAPER = "#FFFFFF"

POINT_MM = 25.4 / 72
_LEADING = 1.45
_NARROW = 0.56
"""Width of a Latin letter in parts of the size, on average."""

_NOT_LAST = frozenset("（《“‘([{")
_NOT_FIRST = frozenset("，。、；：？！）》”’％%,.;:?!)]}")


class Pen:
    """Draws on one page.

    Parameters
    ----------
    figure : Figure
        New, of the size of the paper.
    """

    def __init__(self, figure: Figure, paper: Paper, fonts: Fonts) -> None:
        self.paper = paper
        self.fonts = fonts
        self.axes: Axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, paper.width)
        self.axes.set_ylim(0, paper.height)
        self.axes.set_autoscale_on(False)

    def text(
        self,
        left: float,
        base: float,
        words: str,
        size: float = 8.0,
        *,
        font: FontProperties | None = None,
        colour: str = TEXT,
        align: str = "left",
        **options: Any,
    ) -> None:
        """Write a line of text; `base` is its baseline."""
        self.axes.text(
            left,
            base,
            # A dollar sign would begin a formula, and a font has no picture of a control sign.
            printable(words),
            fontproperties=font or self.fonts.plain,
            fontsize=size,
            color=colour,
            ha=align,
            va="baseline",
            parse_math=False,
            **options,
        )

    def paragraph(
        self,
        left: float,
        top: float,
        width: float,
        words: str,
        size: float = 8.0,
        *,
        font: FontProperties | None = None,
        colour: str = TEXT,
        most: int = 99,
    ) -> float:
        """Write text in lines of a width, and return where the next one begins below it.

        Parameters
        ----------
        most : int
            Lines after which the rest is left out, with an ellipsis.
        """
        lines = list(broken(printable(words), width / (size * POINT_MM)))
        if len(lines) > most:
            lines = [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]
        step = size * POINT_MM * _LEADING
        for number, line in enumerate(lines):
            self.text(
                left, top - size * POINT_MM - number * step, line, size, font=font, colour=colour
            )
        return top - len(lines) * step

    def rule(
        self, left: float, right: float, height: float, *, colour: str = RULE, weight: float = 0.6
    ) -> None:
        """Draw a level line."""
        self.axes.plot(
            [left, right], [height, height], color=colour, lw=weight, solid_capstyle="butt"
        )

    def frame(self, box: Box, *, colour: str = INK, weight: float = 0.8, fill: str = "none") -> Any:
        """Draw a rectangle and return it."""
        from matplotlib.patches import Rectangle

        patch = Rectangle(
            (box.left, box.bottom), box.width, box.height, ec=colour, fc=fill, lw=weight
        )
        return self.axes.add_patch(patch)

    def swatch(self, left: float, base: float, kind: str, style: Style) -> None:
        """Draw how a kind of shape looks, 7 mm wide, beside a line of text."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Rectangle

        edge = with_opacity(style.colour, style.opacity)
        dashes = (0, style.dash) if style.dash else "-"
        if kind == "area":
            self.axes.add_patch(
                Rectangle(
                    (left, base - 0.7),
                    7,
                    3.4,
                    ec=edge,
                    fc=with_opacity(style.colour, style.fill),
                    lw=style.weight,
                    ls=dashes,
                )
            )
        elif kind == "line":
            self.axes.add_line(
                Line2D(
                    [left, left + 7], [base + 1, base + 1], color=edge, lw=style.weight, ls=dashes
                )
            )
        else:
            self.axes.plot(
                [left + 3.5],
                [base + 1],
                marker="o",
                ms=5,
                mec=edge,
                mfc=with_opacity(style.colour, style.fill),
                ls="none",
            )


def with_opacity(colour: str, opacity: float) -> tuple[float, float, float, float]:
    """Return ``#rrggbb`` and an opacity as four numbers from 0 to 1."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, opacity


def printable(words: str) -> str:
    """Return text without the signs that have no picture: control signs, those of direction."""
    kept = (sign if unicodedata.category(sign)[0] != "C" else " " for sign in words)
    return "".join(kept)


def width_of(words: str) -> float:
    """Return about how wide text is, in parts of its size."""
    return sum(1.0 if _is_wide(sign) else _NARROW for sign in words)


def broken(words: str, width: float) -> Iterator[str]:
    """Yield text in lines.

    Between two Chinese characters a line may end anywhere, but no line begins with a stop.

    Parameters
    ----------
    width : float
        Of a line, in parts of the size.
    """
    line, used = "", 0.0
    for piece in _pieces(words):
        needed = width_of(piece)
        if line and used + needed > width and piece not in _NOT_FIRST:
            # An opening bracket goes with what it opens.
            opened = line[-1] if line[-1] in _NOT_LAST else ""
            yield (line[:-1] if opened else line).rstrip()
            line, used = opened, width_of(opened)
            piece = piece if line else piece.lstrip()
        line, used = line + piece, used + needed
    if line.strip():
        yield line.rstrip()


def _pieces(words: str) -> Iterator[str]:
    """Yield what is not taken apart: single Chinese characters, words, parts of endless words."""
    word = ""
    for sign in words:
        if sign == " " or _is_wide(sign) or len(word) > _LONGEST_WORD:
            if word:
                yield word
            word = ""
        if _is_wide(sign):
            yield sign
        else:
            word += sign
    if word:
        yield word


_LONGEST_WORD = 24


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in {"W", "F", "A"}
