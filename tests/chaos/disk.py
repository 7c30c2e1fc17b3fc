"""What a disk may hold after a power cut, rebuilt from the recorded system calls of a process.

What was synced is there. Of what was written since, each 512-byte sector may be there or not, in
any order; a name that was made or removed counts only when its folder was synced.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence
    from pathlib import Path

SECTOR = 512
CALLS = "openat,close,write,pwrite64,ftruncate,fsync,fdatasync,unlink,rename"


class Event(NamedTuple):
    """One call: what it did to which file."""

    kind: str
    path: str
    at: int = 0
    content: bytes = b""


@dataclass
class File:
    """A file as it is on the disk for sure, and what was written to it since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)
    named: bool = False
    doomed: bool = False


def record(command: Sequence[str], log: Path, **options: object) -> None:
    """Run a command and write its system calls to a file."""
    traced = ["strace", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", str(log), *command]
    subprocess.run(traced, check=True, **options)  # type: ignore[call-overload]


def events_of(log: Path, folder: Path, acks: Path) -> list[Event]:
    """Return what a recorded process did to the files of a folder, and what it acknowledged."""
    opened: dict[int, str] = {}
    events: list[Event] = []
    for line in log.read_text(encoding="ascii", errors="replace").splitlines():
        match = _CALL.match(line)
        if not match or int(match["result"], 0) < 0:
            continue
        event = _event(match["name"], match["arguments"], int(match["result"], 0), opened)
        if event is None:
            continue
        if event.path == str(acks) and event.kind == "write":
            events.append(event._replace(kind="ack"))
        elif event.path.startswith(str(folder)) and not event.path.endswith("-shm"):
            events.append(event)
    return events


_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\w+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def _event(name: str, arguments: str, result: int, opened: dict[int, str]) -> Event | None:
    texts = [bytes.fromhex(each.replace("\\x", "")) for each in _TEXT.findall(arguments)]
    if name == "openat":
        path = texts[0].decode()
        opened[result] = path
        return Event("create", path) if "O_CREAT" in arguments else None
    if name in {"unlink", "rename"}:
        return Event(name, texts[0].decode())
    handle = int(arguments.split(",")[0])
    path = opened.get(handle, "")
    match name:
        case "close":
            opened.pop(handle, None)
            return None
        case "fsync" | "fdatasync":
            return Event("sync", path)
        case "ftruncate":
            return Event("truncate", path, int(arguments.split(",")[1], 0))
        case "pwrite64":
            return Event("write", path, int(arguments.rsplit(",", 1)[1], 0), texts[0][:result])
        case _:
            return Event("write", path, 0, texts[0][:result])


def cut(before: dict[str, bytes], events: Iterable[Event], dice: random.Random) -> dict[str, bytes]:
    """Return the files that may be found after the power went out behind some events."""
    files = {path: File(bytearray(content), named=True) for path, content in before.items()}
    for event in events:
        _apply(files, event)
    found = {}
    for path, file in files.items():
        there = file.named or (not file.doomed and dice.random() < 0.5)
        if file.doomed and file.named:
            there = dice.random() < 0.5
        if there:
            found[path] = _survivors(file, dice)
    return found


def _apply(files: dict[str, File], event: Event) -> None:
    match event.kind:
        case "create":
            file = files.get(event.path)
            if file is None or file.doomed:
                files[event.path] = File(named=False)
        case "write" | "truncate":
            files[event.path].pending.append(event)
        case "unlink":
            if event.path in files:
                files[event.path].doomed = True
        case "sync":
            if event.path in files:
                file = files[event.path]
                for each in file.pending:
                    _write(file.durable, each)
                file.pending.clear()
            else:
                _sync_folder(files, event.path)


def _sync_folder(files: dict[str, File], folder: str) -> None:
    for path in [path for path in files if path.rpartition("/")[0] == folder]:
        if files[path].doomed:
            del files[path]
        else:
            files[path].named = True


def _write(content: bytearray, event: Event) -> None:
    if event.kind == "truncate":
        del content[event.at :]
        content.extend(bytes(event.at - len(content)))
        return
    end = event.at + len(event.content)
    content.extend(bytes(max(0, end - len(content))))
    content[event.at : end] = event.content


def _survivors(file: File, dice: random.Random) -> bytes:
    """Return a file with some of what was not synced: sector by sector, in any order."""
    content = bytearray(file.durable)
    pieces = []
    for event in file.pending:
        if event.kind == "truncate":
            pieces.append(event)
            continue
        for start in range(0, len(event.content), SECTOR):
            part = event.content[start : start + SECTOR]
            pieces.append(Event("write", event.path, event.at + start, part))
    kept = dice.choice([0.0, 0.1, 0.5, 0.9, 1.0])
    chosen = [piece for piece in pieces if dice.random() < kept]
    if dice.random() < 0.5:
        dice.shuffle(chosen)
    for piece in chosen:
        _write(content, piece)
    return bytes(content)
