"""How fast, and how often right, search is: next to rapidfuzz over all names and SQLite's FTS5.

Run: ``python bench/search.py``. Names are made from the characters of the published ones, seeded.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from layers.catalogue import bundled_data, read_bundle
from layers.search import Named, SearchIndex

if TYPE_CHECKING:
    from collections.abc import Callable

QUERIES = {
    "lsb": "老商埠",
    "laoshangbu": "老商埠",
    "老商阜": "老商埠",
    "商埠": "老商埠",
    "玉苻河": "玉符河",
    "老商埠街區": "老商埠",
    "ehnlkcd": "二环南路科创带",
    "南二环科创带": "二环南路科创带",
    "nbkcxc": "南部科创新城",
    "涝坡玉": "涝坡峪",
    "kmy": "渴马峪",
    "大官园": "大观园",
    "創智谷": "二环西创智谷",
    "經十路": "经十路",
    "dajiangou": "大涧沟",
    "laoshanbu": "老商埠",
}
NONSENSE = ["bdd", "qqqqq", "xyzzy123", "啊啊啊", "量子纠缠塔"]
ROUNDS = 20


def published() -> list[Named]:
    """Return the names of the shipped data."""
    features = read_bundle(bundled_data()).features
    return [
        Named(layer, f.id, p["name"], p["name_en"], tuple(p["aliases"]), p["kind"], weight)
        for layer, weight in (("zones", 5), ("projects", 3), ("places", 2))
        for f in features[layer]
        if (p := f.properties)
    ]


def grown(named: list[Named], size: int) -> list[Named]:
    """Return that many names, the published ones first."""
    chance = random.Random(14)  # noqa: S311
    signs = sorted({sign for each in named for sign in each.name if "一" <= sign <= "鿿"})
    made = [
        Named(
            "made",
            f"made-{i}",
            "".join(chance.choices(signs, k=chance.randint(3, 9))),
            "",
            (),
            "",
            1,
        )
        for i in range(size - len(named))
    ]
    return [*named, *made]


def timed(search: Callable[[str], object], queries: list[str]) -> tuple[float, float]:
    """Return the median and the 99th percentile in milliseconds."""
    spans = []
    for query in queries * ROUNDS:
        start = time.perf_counter()
        search(query)
        spans.append((time.perf_counter() - start) * 1000)
    return statistics.median(spans), statistics.quantiles(spans, n=100)[98]


def main() -> None:
    """Print a table for 1,000 and 10,000 names."""
    for size in (1_000, 10_000):
        named = grown(published(), size)
        start = time.perf_counter()
        index = SearchIndex(named)
        index.prepare()
        print(f"{size} names, built in {time.perf_counter() - start:.2f} s")
        names = [each.name for each in named]
        table = sqlite3.connect(":memory:")
        table.execute("CREATE VIRTUAL TABLE n USING fts5(name, tokenize='trigram')")
        table.executemany("INSERT INTO n VALUES (?)", [(name,) for name in names])

        def ours(query: str, index: SearchIndex = index) -> list[str]:
            return [hit.name for hit in index.search(query)]

        def ratio(query: str, names: list[str] = names) -> list[str]:
            found = process.extract(query, names, scorer=fuzz.WRatio, limit=20, score_cutoff=60)
            return [name for name, _, _ in found]

        def trigram(query: str, table: sqlite3.Connection = table) -> list[str]:
            rows = table.execute("SELECT name FROM n WHERE n MATCH ? LIMIT 20", [f'"{query}"'])
            return [row[0] for row in rows]

        for title, search in (
            ("atlas", ours),
            ("rapidfuzz WRatio", ratio),
            ("FTS5 trigram", trigram),
        ):
            first = sum((search(query) or [""])[0] == wanted for query, wanted in QUERIES.items())
            quiet = sum(not search(query) for query in NONSENSE)
            median, p99 = timed(search, [*QUERIES, *NONSENSE])
            print(
                f"  {title:18} first {first}/{len(QUERIES)}, "
                f"nonsense empty {quiet}/{len(NONSENSE)}, "
                f"median {median:.2f} ms, p99 {p99:.2f} ms"
            )


if __name__ == "__main__":
    main()
