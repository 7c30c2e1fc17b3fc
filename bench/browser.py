"""What the map page costs a visitor: bytes, times, memory, and frames while 100,000 parcels move.

Run ``make bench-browser`` or ``python -m bench.browser --help``. Chromium is slowed down as the
targets say (`CPU`, `NETWORK`) while it loads; nothing is simulated afterwards. It draws without a
graphics card, which most visitors have.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import ViewportSize, sync_playwright

from bench.parcels import publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Playwright

CPU = 4
"""So many times slower than this machine."""

NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
"""1.6 Mbit/s down, 150 ms there and back for each request."""

QUIET = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-features=SpareRendererForSitePerProcess,WebUIPreload,PreloadTopChromeWebUI",
)
"""What keeps Chromium from doing anything but showing the page."""

WINDOW: ViewportSize = {"width": 1280, "height": 860}
FEATURES = 100_000
_SECONDS = 3.0
_MB = 1_000_000


@dataclass(frozen=True)
class Figure:
    """One measured figure beside what it should be.

    Attributes
    ----------
    values : list of float
        One of each run; the median counts.
    most : bool
        Whether the target is the largest that is good, not the smallest.
    """

    name: str
    unit: str
    target: float
    values: list[float]
    most: bool = True

    @property
    def median(self) -> float:
        """The figure that counts."""
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.median <= self.target if self.most else self.median >= self.target

    def line(self) -> str:
        """Return a line of the table."""
        sign = "<" if self.most else ">"
        spread = f"{min(self.values):,.4g} to {max(self.values):,.4g}"
        verdict = "met" if self.is_met else "MISSED"
        return (
            f"{self.name:<58} {sign} {self.target:>7,.4g} {self.median:>9,.4g} {self.unit:<5}"
            f" {spread:<20} {verdict}"
        )


@contextlib.contextmanager
def served(folder: Path, features: int | None) -> Iterator[str]:
    """Serve an atlas as its command does, with a layer of parcels or without; yields where."""
    environment = {**os.environ, "ATLAS_HOME": str(folder), "ATLAS_RATE_LIMIT": ""}
    if features:
        publish(folder, [features])
        environment["ATLAS_DATA"] = str(folder / "data")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/api", timeout=5).close()  # noqa: S310
            return
        time.sleep(0.1)
    raise SystemExit("The atlas did not start.")


def slowed(context: BrowserContext, page: Page, cpu: float, network: bool) -> CDPSession:
    """Slow a page down; returns the session that did."""
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Performance.enable")
    if network:
        session.send("Network.emulateNetworkConditions", NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": cpu})
    return session


_LARGEST_PAINT = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
    .observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => done(-1), 3000);
})"""
_READY = "() => performance.getEntriesByName('atlas-ready')[0].startTime"


def visit(context: BrowserContext, address: str) -> dict[str, float]:
    """Open the page once, slowed down; returns bytes, milliseconds and bytes of memory."""
    browser, page = context.browser, context.new_page()
    assert browser is not None
    session = slowed(context, page, CPU, network=True)
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address, wait_until="commit")
    page.locator("html[data-ready]").wait_for(state="attached", timeout=60_000)
    page.wait_for_load_state("networkidle")
    found = {
        "bytes": sum(sizes),
        "requests": len(sizes),
        "largest": page.evaluate(_LARGEST_PAINT),
        "ready": page.evaluate(_READY),
        "memory": memory(browser, session),
    }
    page.close()
    return found


def memory(browser: Browser, session: CDPSession) -> float:
    """Return the bytes that nobody else has of the page's own process, after its rubbish is gone.

    That is the whole process: script, document, pictures, and what Chromium itself needs.
    """
    session.send("HeapProfiler.collectGarbage")
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [each["id"] for each in processes if each["type"] == "renderer"]
    return max(_private(each) for each in renderers)


def _private(process: int) -> float:
    rows = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return sum(float(row.split()[1]) * 1024 for row in rows if row.startswith("Private_"))


def explore(context: BrowserContext, address: str, cpu: float) -> dict[str, float]:
    """Pan, zoom, point and click where 100,000 parcels are; returns frames a second and so on."""
    browser, page = context.browser, context.new_page()
    assert browser is not None
    session = slowed(context, page, cpu, network=False)
    page.goto(address, wait_until="commit")
    page.locator("html[data-ready]").wait_for(state="attached", timeout=60_000)
    page.wait_for_load_state("networkidle")
    box = page.locator(".folium-map").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    found = {}
    for name, act in (("pan", _pan), ("zoom", _zoom), ("point", _point)):
        page.evaluate("window.atlas.map.setView([36.56, 117.0], 14.5, { animate: false })")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)
        browser.start_tracing(page=page, categories=["viz"])
        act(page, middle, time.monotonic() + _SECONDS)
        found[name] = drawn_a_second(browser.stop_tracing())
    found["click"] = _click(page, middle)
    found["memory"] = memory(browser, session)
    page.close()
    return found


def drawn_a_second(trace: bytes) -> float:
    """Return how many pictures reached the screen in a second.

    Not how often a script is asked for the next one: that goes on at 60 while the compositor, which
    draws without a graphics card here, lags behind.
    """
    events = json.loads(trace)["traceEvents"]
    drawn = sorted(float(each["ts"]) for each in events if each["name"] == "Display::DrawAndSwap")
    return (len(drawn) - 1) * 1_000_000 / (drawn[-1] - drawn[0])


def _pan(page: Page, middle: tuple[float, float], until: float) -> None:
    """Drag the map to and fro."""
    x, y = middle
    turn = 0.0
    page.mouse.move(x, y)
    page.mouse.down()
    while time.monotonic() < until:
        turn += 0.05
        page.mouse.move(x + 350 * math.sin(turn), y + 250 * math.sin(turn * 1.7))
    page.mouse.up()


def _zoom(page: Page, middle: tuple[float, float], until: float) -> None:
    """Turn the wheel in and out again."""
    page.mouse.move(*middle)
    steps = itertools.cycle([-120] * 8 + [120] * 8)
    while time.monotonic() < until:
        page.mouse.wheel(0, next(steps))
        page.wait_for_timeout(80)


def _point(page: Page, middle: tuple[float, float], until: float) -> None:
    """Move the pointer over the parcels, which light up."""
    x, y = middle
    turn = 0.0
    while time.monotonic() < until:
        turn += 0.02
        page.mouse.move(x + 300 * math.sin(turn), y + 200 * math.sin(turn * 1.7))


def _click(page: Page, middle: tuple[float, float]) -> float:
    """Click on a parcel; returns the milliseconds until its details are there."""
    page.evaluate("window.atlas.map.setView([36.53, 117.04], 16, { animate: false })")
    page.wait_for_load_state("networkidle")
    began = time.monotonic()
    page.mouse.click(middle[0] + 40, middle[1] + 40)
    page.locator("#detail:not([hidden])").wait_for()
    return (time.monotonic() - began) * 1000


def visits(player: Playwright, chromium: str, folder: Path, runs: int) -> list[Figure]:
    """Return what the first and the second visit of the shipped atlas cost."""
    firsts, seconds = [], []
    with served(folder, None) as address:
        for _ in range(runs):
            with started(player, chromium) as context:
                firsts.append(visit(context, address))
                seconds.append(visit(context, address))

    def each(name: str, of: list[dict[str, float]], scale: float = 1.0) -> list[float]:
        return [one[name] / scale for one in of]

    return [
        Figure("first visit of /, on the wire", "kB", 150, each("bytes", firsts, 1000)),
        Figure("first visit, largest contentful paint", "s", 1.5, each("largest", firsts, 1000)),
        Figure("first visit, interactive", "s", 2.0, each("ready", firsts, 1000)),
        Figure("repeat visit, largest contentful paint", "s", 0.6, each("largest", seconds, 1000)),
        Figure("repeat visit, interactive", "s", 0.6, each("ready", seconds, 1000)),
        Figure("memory of the page's process", "MB", 150, each("memory", firsts, _MB)),
    ]


def explorations(player: Playwright, chromium: str, folder: Path, runs: int) -> list[Figure]:
    """Return how smoothly 100,000 parcels are explored, at full speed and slowed down."""
    figures = []
    with served(folder, FEATURES) as address:
        for cpu in (1, CPU):
            found = []
            for _ in range(runs):
                with started(player, chromium) as context:
                    found.append(explore(context, address, cpu))
            where = f"{FEATURES:,} polygons, CPU {cpu}x slower"
            for name in ("pan", "zoom", "point"):
                rates = [each[name] for each in found]
                figures.append(Figure(f"{where}: {name}", "fps", 30, rates, most=False))
            clicks = [each["click"] for each in found]
            figures.append(Figure(f"{where}: click to details", "ms", 1000, clicks))
            bytes_ = [each["memory"] / _MB for each in found]
            figures.append(Figure(f"{where}: memory", "MB", 150, bytes_))
    return figures


@contextlib.contextmanager
def started(player: Playwright, chromium: str) -> Iterator[BrowserContext]:
    """Start a browser that has seen nothing yet."""
    flags = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    browser = player.chromium.launch(executable_path=chromium, args=flags)
    yield browser.new_context(viewport=WINDOW, locale="zh-CN")
    browser.close()


def main() -> None:
    """Measure, and print each figure beside its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    parser.add_argument("--only", choices=["visits", "explorations"])
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before; medians of {asked.runs}")
    figures = []
    with sync_playwright() as player, tempfile.TemporaryDirectory() as folder:
        for name, measure in (("visits", visits), ("explorations", explorations)):
            if asked.only in {None, name}:
                home = Path(folder) / name
                home.mkdir()
                figures += measure(player, asked.chromium, home, asked.runs)
    print(f"{'':<58} {'target':>9} {'median':>9} {'':<5} least to most")
    for figure in figures:
        print(figure.line())
    print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
