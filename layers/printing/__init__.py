"""Maps and books on paper: what stands on a sheet, and how it is drawn.

A sheet or a book is a plain value (`sheet`, `book`) that a process of its own draws (`printer`
here, `child` there): Matplotlib is only ever imported in that process.
"""

from .book import Book, Chapter, Cover, Entry, Term
from .paper import LARGEST_SCALE, PAPERS, SMALLEST_SCALE, Paper, View, fitting_scale
from .printer import Printer
from .sheet import Drawn, LegendRow, Precision, Sheet, Style

__all__ = [
    "LARGEST_SCALE",
    "PAPERS",
    "SMALLEST_SCALE",
    "Book",
    "Chapter",
    "Cover",
    "Drawn",
    "Entry",
    "LegendRow",
    "Paper",
    "Precision",
    "Printer",
    "Sheet",
    "Style",
    "Term",
    "View",
    "fitting_scale",
]
