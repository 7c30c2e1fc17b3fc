"""``make bench``: the atlas beside its peers on the same data, in one run.

Run ``python -m bench.api --help`` for what can be chosen; bench/README.md says what is compared.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.parcels import layer_name, parcels, publish

from . import claims
from .checks import check
from .cold import cold_tiles, print_cold
from .install import data_form, default_cache, install_packages, install_peer, versions
from .kinds import kinds as all_kinds
from .load import Client, Measured, press
from .peers import (
    FILES,
    Ask,
    Setting,
    Site,
    start_atlas,
    start_mapserver,
    start_nginx,
    start_pygeoapi,
    start_tipg,
)
from .postgres import Postgres
from .processes import Cores, Running, Unusable, free_port, peak_mb
from .report import print_figures, print_ratios

if TYPE_CHECKING:
    from collections.abc import Callable

    from .kinds import Kind

SERVERS = ("atlas", "nginx", "tipg", "pygeoapi", "pygeoapi-gpkg", "mapserver")
_PATIENCE_S = 90.0


def main() -> None:
    """Run what the command line asks for, and end everything that was started, come what may."""
    options = _options()
    for sent in (signal.SIGTERM, signal.SIGINT):
        # Also where a shell has set what it starts in the background to ignore Ctrl+C.
        signal.signal(sent, signal.default_int_handler)
    with ExitStack() as stack:
        try:
            Bench(options, stack).run()
        except Unusable as error:
            sys.exit(f"make bench: {error}")
        except KeyboardInterrupt:
            sys.exit("Interrupted; what was started is ended.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--seconds", type=float, default=2, help="how long one measurement takes")
    parser.add_argument("--features", type=int, default=100_000, help="of the layer compared")
    parser.add_argument("--million", type=int, default=1_000_000, help="features of the largest")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="peers and data")
    parser.add_argument("--servers", default=",".join(SERVERS), help="which, with commas between")
    parser.add_argument("--only", default="", help="beginnings of the kinds of request to measure")
    parser.add_argument("--no-claims", action="store_true", help="without growth, start, workers")
    parser.add_argument("--json", type=Path, help="a file for every figure")
    return parser.parse_args()


class Bench:
    """One run."""

    def __init__(self, options: argparse.Namespace, stack: ExitStack) -> None:
        self._options = options
        self._stack = stack
        self._cache: Path = options.cache
        self._cores = Cores.of_this_machine()
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atlas-bench-")))
        self._layer = layer_name(options.features)
        self._setting = Setting(self._folder, self._cores, self._layer)
        self._sites: dict[str, Site] = {}
        self._notes: list[str] = []

    def run(self) -> None:
        """Install, start, check, measure, print."""
        install_packages()
        self._cache.mkdir(parents=True, exist_ok=True)
        home = self._published(1000, self._options.features)
        self._start(home)
        kinds = self._chosen()
        usable = {kind.id: self._usable(kind) for kind in kinds}
        results = self._measure(kinds, usable)
        cold = self._cold(home)
        memory = {name: peak_mb(site.own) for name, site in self._sites.items()}
        for running in self._started:
            running.stop()
        self._print_head()
        print_ratios(kinds, results, [name for name in SERVERS if name in self._sites])
        print_cold(cold)
        print_figures(kinds, results, [name for name in SERVERS if name in self._sites])
        print("\nPeak memory, without the database: " + ", ".join(
            f"{name} {peak:,.0f} MB" for name, peak in memory.items()))  # fmt: skip
        print("".join(f"\nNote: {note}" for note in self._notes))
        claimed = [] if self._options.no_claims else self._claims(home)
        if self._options.json:
            self._write(results, cold, memory, claimed)

    def _published(self, *counts: int) -> Path:
        """Return the home of an atlas with some layers, made once."""
        each = sorted(set(counts))
        home = self._cache / "-".join([*map(layer_name, each), data_form()])
        if not (home / "published").is_file():
            print(f"Publishing {' and '.join(f'{count:,}' for count in each)} …", flush=True)
            publish(home, each)
            (home / "published").touch()
        return home

    def _start(self, home: Path) -> None:
        wanted = self._options.servers.split(",")
        self._started: list[Running] = []
        self._keep(*start_atlas(self._setting, home))
        frame = parcels(self._options.features)
        if {"tipg", "pygeoapi", "mapserver"} & set(wanted):
            print("Filling PostGIS …", flush=True)
            self._postgres = Postgres()
            self._stack.callback(self._postgres.stop)
            self._postgres.start()
            self._postgres.load(self._layer, frame)
        for name, start in {
            "tipg": lambda: start_tipg(
                self._setting, install_peer("tipg", self._cache), self._postgres
            ),
            "pygeoapi": lambda: start_pygeoapi(
                self._setting, install_peer("pygeoapi", self._cache), self._postgres
            ),
            "pygeoapi-gpkg": lambda: start_pygeoapi(
                self._setting, install_peer("pygeoapi", self._cache), self._geopackage(frame)
            ),
            "mapserver": lambda: start_mapserver(self._setting, self._postgres),
        }.items():
            if name in wanted:
                self._try(name, start)

    def _geopackage(self, frame: Any) -> Path:
        from .geopackage import write

        return write(self._folder / f"{self._layer}.gpkg", self._layer, frame)

    def _try(self, name: str, start: Callable[[], tuple[Site, Any]]) -> None:
        """Start a peer; a run goes on without one that cannot be."""
        try:
            self._keep(*start())
        except Unusable as error:
            self._notes.append(f"{name} {error}")
            print(f"{name} {error}", file=sys.stderr, flush=True)

    def _keep(self, site: Site, started: Running | list[Running]) -> None:
        several = started if isinstance(started, list) else [started]
        for each in several:
            self._stack.callback(each.stop)
            self._started.append(each)
        several[-1].wait_for(f"{site.base}{site.path(Ask(limit=1))}", _PATIENCE_S)
        self._sites[site.name] = site

    def _chosen(self) -> list[Kind]:
        """Return the kinds to measure, and give nginx our answers to them as files."""
        ours = self._sites["atlas"]
        with Client(ours.base) as client:
            links = client.json(ours.collection)["links"]
        whole = next(each["href"] for each in links if each["rel"] == "enclosure")
        self._revision = whole.rpartition("/revisions/")[2].partition("/")[0]
        only = tuple(filter(None, self._options.only.split(",")))
        known = all_kinds(self._options.features, self._revision)
        chosen = [kind for kind in known if not only or kind.id.startswith(only)]
        self._files = self._folder / "files"
        if "nginx" in self._options.servers.split(","):
            port = free_port()
            self._files.mkdir()
            location = FILES.format(folder=self._files)
            running = start_nginx(self._setting, "nginx", location, port)
            self._stack.callback(running.stop)
            self._started.append(running)
            pids = (running.pid,)
            self._sites["nginx"] = Site("nginx", f"http://127.0.0.1:{port}", "", pids, pids)
        return chosen

    def _usable(self, kind: Kind) -> list[str]:
        """Return the servers that answer a kind of request rightly."""
        ours, found = self._sites["atlas"], []
        asks = kind.asks(claims.chance(kind.id, 0))
        for name in SERVERS:
            if name not in self._sites or name == "nginx":
                continue
            try:
                check(kind, self._sites[name], ours, asks)
                found.append(name)
            except Unusable as error:
                self._notes.append(f"{kind.title}: {name} {error}")
        if "nginx" in self._sites and "atlas" in found:
            self._save(kind, asks)
            found.append("nginx")
        return found

    def _save(self, kind: Kind, asks: Any) -> None:
        """Write our answers into files for nginx."""
        ours, folder = self._sites["atlas"], self._files / kind.id
        folder.mkdir()
        with Client(ours.base) as client:
            for number, ask in enumerate(asks[: kind.files]):
                (folder / str(number)).write_bytes(client.get(str(ours.path(ask)))[2])

    def _measure(
        self, kinds: list[Kind], usable: dict[str, list[str]]
    ) -> dict[str, dict[str, list[Measured]]]:
        """Measure every kind on every server, one behind the other, and all that several times."""
        results: dict[str, dict[str, list[Measured]]] = {kind.id: {} for kind in kinds}
        for number in range(self._options.rounds):
            print(f"Round {number + 1} of {self._options.rounds} …", file=sys.stderr, flush=True)
            for kind in kinds:
                asks = kind.asks(claims.chance(kind.id, number + 1))
                for name in usable[kind.id]:
                    self._progress(f"round {number + 1}, {kind.title}, {name}")
                    try:
                        measured = self._press(kind, self._sites[name], asks)
                    except Unusable as error:
                        self._notes.append(f"{kind.title}: {name} {error}")
                        usable[kind.id] = [each for each in usable[kind.id] if each != name]
                        continue
                    results[kind.id].setdefault(name, []).append(measured)
                    if measured.failed:
                        self._notes.append(f"{kind.title}: {name} fails {measured.failed} times")
        self._progress("")
        return results

    def _press(self, kind: Kind, site: Site, asks: Any) -> Measured:
        if site.name == "nginx":
            number = len(list((self._files / kind.id).iterdir()))
            paths = [f"/{kind.id}/{each}" for each in range(number)]
        else:
            paths = [path for ask in asks if (path := site.path(ask))]
        known = ""
        if kind.conditional:
            with Client(site.base) as client:
                known = client.get(paths[0])[1]["etag"]
                assert client.get(paths[0], known)[0] == 304, site.name
        return press(
            site.base, paths, site.pids, known=known,
            seconds=self._options.seconds, cores=self._cores, folder=self._folder,
            connections=site.connections,
        )  # fmt: skip

    def _cold(self, home: Path) -> dict[str, list[float]]:
        only = self._options.only
        if only and "cold" not in only:
            return {}
        peers = [self._sites[name] for name in ("tipg", "mapserver") if name in self._sites]
        try:
            return cold_tiles(self._setting, home, peers, self._options.rounds)
        except Unusable as error:
            self._notes.append(f"cold tiles: {error}")
            return {}

    def _claims(self, home: Path) -> list[dict[str, Any]]:
        largest = self._options.million
        counts = sorted({1000, self._options.features, largest})
        every = self._published(*counts)
        found: list[dict[str, Any]] = []
        each: list[Callable[[], list[dict[str, Any]]]] = [
            lambda: claims.start(self._setting, every, largest),
            lambda: claims.growth(self._setting, every, counts, self._options),
            lambda: claims.workers(self._setting, home, self._options),
        ]
        for claim in each:
            try:
                found += claim()
            except Unusable as error:
                print(f"n/a: {error}")
        return found

    def _print_head(self) -> None:
        known = ", ".join(f"{name} {text}" for name, text in versions(self._cache).items())
        print(f"\n{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, {platform.machine()}, "
              f"load on core {self._cores.load}, servers on core {self._cores.servers}, "
              f"{self._options.rounds} rounds of {self._options.seconds:g} s, "
              f"{self._options.features:,} polygons\n{known}")  # fmt: skip

    def _progress(self, text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{text:<70}", end="" if text else "\r", file=sys.stderr, flush=True)

    def _write(self, results: Any, cold: Any, memory: Any, claimed: Any) -> None:
        runs = {
            kind: {name: [asdict(each) for each in several] for name, several in servers.items()}
            for kind, servers in results.items()
        }
        document = {"runs": runs, "cold_tiles_ms": cold, "peak_mb": memory, "claims": claimed}
        document |= {"versions": versions(self._cache), "notes": self._notes}
        self._options.json.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
