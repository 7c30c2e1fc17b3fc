"""The process that draws sheets: Matplotlib lives here, with a limit on memory.

It reads lengths and pickled orders from standard input until that ends, or nobody has asked for as
long as its first argument says; the parent limits the time of an order.
"""

from __future__ import annotations

import gc
import math
import os
import pickle
import select
import struct
import sys
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from layers.errors import PrintingUnavailable

if TYPE_CHECKING:
    from .fonts import Fonts
    from .sheet import Sheet

MEMORY = 2_000_000_000
"""Address space of the process, in bytes."""

PNG_DPI = 150

LENGTH = struct.Struct("<Q")


def draw(sheet: Sheet, form: str, fonts: Fonts) -> bytes:
    """Return a sheet as a file.

    Parameters
    ----------
    form : str
        ``pdf`` or ``png``.
    """
    from .drawing import draw_sheet
    from .pen import Pen

    figure = new_figure(sheet.paper.width, sheet.paper.height)
    draw_sheet(Pen(figure, sheet.paper, fonts), sheet)
    described = {"Title": sheet.file_title}
    sink = BytesIO()
    if form == "pdf":
        figure.savefig(sink, format="pdf", metadata={**described, "CreationDate": None})
    else:
        figure.savefig(sink, format="png", dpi=PNG_DPI, metadata={**described, "Software": None})
    return sink.getvalue()


def new_figure(width: float, height: float):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Return an empty figure of a size in millimetres."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Type 3 holds the outlines as they are; OpenType collections cannot be embedded as Type 42.
    mpl.rcParams["pdf.fonttype"] = 3
    return Figure(figsize=(width / 25.4, height / 25.4), facecolor="white")


def main() -> None:
    """Answer orders until there are none."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    limit_memory()
    from .fonts import find_fonts

    idle_s, families = float(sys.argv[1]), tuple(sys.argv[2:])
    # What the first sheet would wait for is done before anybody asks.
    new_figure(10, 10).savefig(BytesIO(), format="pdf")
    from . import drawing, pen  # noqa: F401

    while order := _next(source, idle_s):
        answer: bytes | tuple[str, str]
        try:
            sheet, form = pickle.loads(order)  # noqa: S301  our own parent wrote it
            answer = draw(sheet, form, find_fonts(families))
        except PrintingUnavailable as refusal:
            answer = ("unavailable", refusal.sentence)
        except MemoryError:
            answer = ("too-large", "")
        _send(sink, pickle.dumps(answer))
        gc.collect()


def _next(source: BinaryIO, idle_s: float) -> bytes:
    patience = None if math.isinf(idle_s) else idle_s
    if not select.select([source], [], [], patience)[0]:
        return b""
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""


def _send(sink: BinaryIO, answer: bytes) -> None:
    sink.write(LENGTH.pack(len(answer)) + answer)
    sink.flush()


def limit_memory() -> None:
    """Limit what this process may take, where the system can."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main()
