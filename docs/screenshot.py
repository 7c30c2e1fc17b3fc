"""Take the README's screenshots from an atlas that runs for as long as this script does.

Run as ``.venv/bin/python docs/screenshot.py``; chromium must be installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
PROJECT = "/?f=projects/erhuannanlu-kechuangdai"
SHOTS = {
    "atlas.png": (PROJECT, 1280, 800),
    "atlas-en.png": (PROJECT + "&lang=en", 1280, 800),
    "reader.png": ("/plan/shizhong-14-5#4-1-p2", 1280, 800),
    "reader-phone.png": ("/plan/shizhong-14-5#4-1-p2", 390, 844),
    "coverage.png": ("/plan/shizhong-14-5/coverage", 1280, 800),
    "coverage-phone.png": ("/plan/shizhong-14-5/coverage", 390, 844),
    "indicators.png": ("/indicators", 1280, 800),
    "indicators-phone.png": ("/indicators", 390, 844),
}
"""File → address, width, height. No text of a plan is imported, so none is in the pictures."""


def main() -> None:
    """Write every picture of `SHOTS` into docs/images."""
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", "0"],
            env=os.environ | {"ATLAS_HOME": home},
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        try:
            said = server.stdout.readline() if server.stdout else ""
            address = re.search(r"http://\S+", said)
            if address is None:
                raise SystemExit("The atlas did not start.")
            take(address[0])
        finally:
            server.terminate()
            server.wait()


def take(address: str) -> None:
    """Photograph the pages of an atlas at an address."""
    flags = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for name, (path, width, height) in SHOTS.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, locale="zh-CN", reduced_motion="reduce"
            )
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
