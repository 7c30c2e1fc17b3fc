"""How a server is asked: wrk with one thread and eight connections that are kept alive."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .processes import Unusable, cpu_s, program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .processes import Cores

_LONGEST_S = 20.0

_SCRIPT = """
local requests, at = {}, 0
function init(args)
  local headers = {}
  if args[2] then headers["If-None-Match"] = args[2] end
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", line, headers)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"us":%d,"bytes":%d,"p50":%d,"p99":%d,"failed":%d}\\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of wrk gave.

    Attributes
    ----------
    per_s : float
        Requests a second.
    p50_ms, p99_ms : float
        Latency.
    size : float
        Bytes of an answer with its head.
    cpu_s : float
        Processor seconds of the server and its database for 1,000 requests.
    failed : int
        Requests that were answered with an error, or not; they do not count in `per_s`.
    """

    per_s: float
    p50_ms: float
    p99_ms: float
    size: float
    cpu_s: float
    failed: int


def press(
    base: str,
    paths: Sequence[str],
    pids: Sequence[int],
    *,
    seconds: float,
    cores: Cores,
    folder: Path,
    known: str = "",
    connections: int,
) -> Measured:
    """Ask for paths as fast as they are answered.

    Parameters
    ----------
    seconds : float
        How long; longer where a single answer takes so long that few would be counted.
    known : str
        An entity tag that the client has.

    Raises
    ------
    Unusable
        If requests fail.
    """
    script, asked = folder / "ask.lua", folder / "paths.txt"
    script.write_text(_SCRIPT)
    asked.write_text("\n".join(paths) + "\n")
    began = time.monotonic()
    _fetch(base, paths[0], known)
    wanted = (4 + connections) * (time.monotonic() - began)
    seconds = min(max(seconds, wanted), _LONGEST_S)
    pinned = ["taskset", "-c", ",".join(map(str, cores.load))] if cores.load else []
    before = cpu_s(pids)
    done = subprocess.run(
        [
            *pinned, program("wrk"), "-t1", f"-c{connections}", f"-d{seconds:.0f}s",
            "--timeout", "120s", "-s", str(script), base, "--", str(asked), *filter(None, [known]),
        ],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    used = cpu_s(pids) - before
    if done.returncode or not done.stdout.rstrip().endswith("}"):
        raise Unusable(f"wrk fails: {(done.stderr or done.stdout).strip()[-200:]}")
    counted = json.loads(done.stdout.rstrip().rpartition("\n")[2])
    number = counted["requests"]
    failed = counted["failed"]
    if failed * 2 >= number:
        raise Unusable(f"{failed} of {number} requests fail")
    return Measured(
        per_s=(number - failed) / counted["us"] * 1e6,
        p50_ms=counted["p50"] / 1000,
        p99_ms=counted["p99"] / 1000,
        size=counted["bytes"] / number,
        cpu_s=used / number * 1000,
        failed=failed,
    )


def _fetch(base: str, path: str, known: str = "") -> tuple[int, dict[str, str], bytes]:
    with Client(base) as client:
        return client.get(path, known)


class Client:
    """One connection that is kept alive."""

    def __init__(self, base: str) -> None:
        where = urlsplit(base)
        self._connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=120)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str, known: str = "") -> tuple[int, dict[str, str], bytes]:
        """Return status, headers with names in lower case, and body."""
        headers = {"If-None-Match": known} if known else {}
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, named, answer.read()

    def json(self, path: str) -> Any:
        """Return a document.

        Raises
        ------
        Unusable
            If it is none, or not there.
        """
        status, _, body = self.get(path)
        if status != 200:
            raise Unusable(f"answers {status} to {path[:100]}")
        try:
            return json.loads(body)
        except ValueError:
            raise Unusable(f"answers {path[:100]} with what is no JSON") from None
