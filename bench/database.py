"""What a layer costs that stays in the database: memory, first pages, far pages, filters, tiles.

Run ``python bench/database.py postgresql://… FOLDER [FEATURES]``: the layer is published into the
database if it is not there, served by a process of its own with ``ATLAS_LARGEST_PACKED=1000``, and
asked over HTTP. It prints one line for each request: the first time and the median of the next, in
milliseconds. The server must be able to reach the database at the address that is given.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from parcels import layer_name, publish

_ROUNDS = 15
_FAR = 1_000


def requests(path: str) -> dict[str, str]:
    """Return what is asked for, by name."""
    items = f"{path}/items"
    return {
        "limit=100": f"{items}?limit=100",
        "limit=10000": f"{items}?limit=10000",
        "offset=90000": f"{items}?limit=100&offset=90000",
        "bbox, some 45": f"{items}?bbox=117,36.5,117.001,36.5013",
        "item": f"{items}/JN-0005000",
        "one value": f"{items}?use=R2",
        "filter, index": f"{items}?filter={quote(chr(39).join(['use = ', 'R2', '']))}",
        "filter, no index": f"{items}?filter={quote('year > 2030 AND area_m2 < 1000')}",
        "sortby": f"{items}?sortby=-area_m2",
        "tile z16": f"{path}/tiles/WebMercatorQuad/16/25600/54067",
    }


class Client:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get(self, path: str) -> tuple[float, bytes]:
        """Return how long an answer took in milliseconds, and its body."""
        start = time.perf_counter()
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status in {200, 204}, (path, body[:300])
        return (time.perf_counter() - start) * 1000, body


def measure(client: Client, name: str, path: str) -> None:
    """Print how long a request takes."""
    first, body = client.get(path)
    later = statistics.median(client.get(path)[0] for _ in range(_ROUNDS))
    print(f"{name:20} {first:9.1f} {later:9.1f} {len(body):10,}", flush=True)


def walk(client: Client, path: str) -> None:
    """Print how long pages 2 and 1,000 take, as next links lead there; asked in turn."""
    pages = [path]
    while len(pages) < _FAR:
        _, body = client.get(pages[-1])
        links = {each["rel"]: each["href"] for each in json.loads(body)["links"]}
        parts = urlsplit(links["next"])
        pages.append(f"{parts.path}?{parts.query}")
    taken = [[client.get(each)[0] for each in (pages[1], pages[-1])] for _ in range(_ROUNDS)]
    for number, times in zip((2, _FAR), zip(*taken, strict=True), strict=True):
        print(f"{f'page {number}':20} {'':9} {statistics.median(times):9.1f}", flush=True)


def memory(process: int) -> str:
    """Return how much memory a process holds of its own, and has held at most."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = dict(re.findall(r"(VmHWM|RssAnon):\s+(\d+)", status))
    return ", ".join(f"{name} {int(size) // 1024} MB" for name, size in found.items())


def main(address: str, home: Path, count: int) -> None:
    """Publish, serve, ask."""
    publish(home, [count], store=address)
    settings = {"STORE": address, "HOME": home, "DATA": home / "data", "LARGEST_PACKED": 1000}
    environment = {f"ATLAS_{name}": str(value) for name, value in settings.items()}
    start = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", "0"],
        env=os.environ | environment | {"ATLAS_RATE_LIMIT": ""},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        (port,) = re.findall(r"http://[^:]+:(\d+)", server.stdout.readline())
        client = Client(int(port))
        path = f"/api/collections/{layer_name(count)}"
        client.get(f"{path}/items?limit=1")
        print(f"first answer after {time.perf_counter() - start:.1f} s; {memory(server.pid)}")
        print(f"{'':20} {'first':>9} {'later':>9} {'bytes':>10}")
        for name, asked in requests(path).items():
            measure(client, name, asked)
        walk(client, f"{path}/items?limit=100")
        print(memory(server.pid))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000)
