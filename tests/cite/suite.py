"""Run OGC's own test suite for Features, Parts 1 and 2, against a running atlas (`make cite`).

It needs Maven and Java 17 or newer. The suite prints its results to a file and ends with 0 whatever
they are, so that they are counted here; the exit status is that of the results.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = "org.opengis.cite:ets-ogcapi-features10:1.9:jar:aio"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
ALL_COLLECTIONS = "-1"


def fetch(folder: Path) -> Path:
    """Return the suite, which Maven gets where it is not there yet."""
    if not (found := sorted(folder.glob("*-aio.jar"))):
        subprocess.run(
            ["mvn", "-q", "-B", COPY, f"-Dartifact={SUITE}", f"-DoutputDirectory={folder}"],
            check=True,
        )
        found = sorted(folder.glob("*-aio.jar"))
    return found[0]


@contextmanager
def atlas() -> Iterator[str]:
    """Start an atlas with the shipped data, and give the address of its API."""
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", "0"],
            env=os.environ | {"ATLAS_HOME": home, "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert process.stdout
        found = re.search(r"http://\S+:\d+", process.stdout.readline())
        assert found, "the atlas did not start"
        try:
            yield f"{found[0]}/api"
        finally:
            process.terminate()
            process.wait(20)


def run(suite: Path, address: str, folder: Path) -> Path:
    """Let the suite look at an API, and return the file with its results."""
    properties = folder / "run.xml"
    root = ET.Element("properties", version="1.0")
    for key, value in {"iut": address, "noofcollections": ALL_COLLECTIONS}.items():
        ET.SubElement(root, "entry", key=key).text = value
    head = '<!DOCTYPE properties SYSTEM "http://java.sun.com/dtd/properties.dtd">'
    properties.write_text(head + ET.tostring(root, encoding="unicode"), encoding="utf-8")
    subprocess.run(["java", "-jar", suite, "-o", folder, "-h", "true", properties], check=True)
    (results,) = folder.rglob("testng-results.xml")
    return results


def results_of(file: Path) -> list[tuple[str, str, str]]:
    """Return status, name and reason of every test in a file of TestNG's results."""
    return [
        (
            method.get("status", ""),
            f"{kind.get('name', '').rsplit('.', 1)[-1]}.{method.get('name')}",
            " ".join((method.findtext("exception/message") or "").split()),
        )
        for kind in ET.parse(file).iter("class")  # noqa: S314  the suite wrote it
        for method in kind.iter("test-method")
        if method.get("is-config") != "true"
    ]


def main() -> int:
    """Run the suite, print what it found, and return 1 where a test failed or none passed."""
    with tempfile.TemporaryDirectory() as folder, atlas() as address:
        found = results_of(run(fetch(Path(sys.argv[1])), address, Path(folder)))
    for (status, name), times in sorted(Counter(each[:2] for each in found).items()):
        print(f"{status:5} {times:4} {name}")
    for status, name, reason in found:
        if status == "FAIL":
            print(f"\n{name}: {reason}")
    counts = Counter(status for status, _, _ in found)
    print(f"\n{counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    return int(counts["FAIL"] > 0 or not counts["PASS"])


if __name__ == "__main__":
    sys.exit(main())
