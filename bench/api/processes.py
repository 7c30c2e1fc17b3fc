"""The processes that are measured: started, pinned to a core, watched, and ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TICKS = os.sysconf("SC_CLK_TCK")
_START_S = 120.0


class Unusable(Exception):
    """A server that cannot be installed, started, or asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the load and the servers have; they never share one where there are two."""

    load: tuple[int, ...]
    servers: tuple[int, ...]

    @classmethod
    def of_this_machine(cls) -> Cores:
        """Return one core for each, or none in particular where there is only one."""
        known = sorted(os.sched_getaffinity(0))
        return cls((known[0],), (known[1],)) if len(known) > 1 else cls((), ())


class Running:
    """A server and every process below it.

    Parameters
    ----------
    command : sequence of str
    log : Path
        Gets whatever it prints.
    cores : tuple of int
        Where it may run; anywhere if empty.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        cores: tuple[int, ...] = (),
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        pinned = ["taskset", "-c", ",".join(map(str, cores))] if cores else []
        self._log = log
        self.began = time.monotonic()
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                [*pinned, *command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The first process."""
        return self._process.pid

    def wait_for(self, url: str, patience_s: float = _START_S) -> None:
        """Wait until an address is answered with 200.

        Raises
        ------
        Unusable
            If the process ends or that takes too long; the end of its log is quoted.
        """
        while time.monotonic() - self.began < patience_s:
            if self._process.poll() is not None:
                break
            if answers(url):
                return
            time.sleep(0.02)
        lines = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        raise Unusable(f"does not start: {' | '.join(lines)}"[:500])

    def stop(self) -> None:
        """End it and everything that it started."""
        for sent in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.pid, sent)
                self._process.wait(5)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue


def answers(url: str) -> bool:
    """Tell whether an address is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def family(pid: int) -> set[int]:
    """Return a process and all below it."""
    found, parents = {pid}, _parents()
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parents() -> dict[int, int]:
    return {
        int(each.name): int(fields[1])
        for each in Path("/proc").glob("[0-9]*")
        if (fields := _stat(int(each.name)))
    }


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the name: state, parent, … (proc_pid_stat(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_s(roots: Sequence[int]) -> float:
    """Return the processor time of some processes and all below them, also of ended children."""
    fields = [_stat(pid) for root in roots for pid in family(root)]
    return sum(int(ticks) for each in fields for ticks in each[11:15]) / _TICKS


def peak_mb(roots: Sequence[int]) -> float:
    """Return the peak memory (VmHWM) of some processes and all below them, in 10^6 bytes."""
    total = 0
    for pid in {pid for root in roots for pid in family(root)}:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return total * 1024 / 1e6


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, *others: str) -> str:
    """Return the path of a program.

    Raises
    ------
    Unusable
        If it is not installed.
    """
    for each in (name, *others):
        found = shutil.which(each, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/cgi-bin")
        if found:
            return found
    raise Unusable(f"{name} is not installed")


def run(*command: str, **options: Any) -> None:
    """Run a program to its end.

    Raises
    ------
    Unusable
        If it fails; the end of what it said is quoted.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise Unusable(f"{Path(command[0]).name} fails: {' | '.join(said)}"[:500])
