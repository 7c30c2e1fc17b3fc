"""What the benchmark compares with: Debian packages, and a virtualenv for each Python peer."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from .processes import Unusable, run

PACKAGES = {
    "wrk": "/usr/bin/wrk",
    "nginx-light": "/usr/sbin/nginx",
    "spawn-fcgi": "/usr/bin/spawn-fcgi",
    "cgi-mapserver": "/usr/lib/cgi-bin/mapserv",
    "postgresql-postgis": "/usr/share/postgresql/*/extension/postgis.control",
    "libsqlite3-mod-spatialite": "/usr/lib/*/mod_spatialite.so",
    "python3-venv": "/usr/lib/python3.*/ensurepip/__init__.py",
}
"""Debian packages, and a file by which to tell that each is there."""

_VERSION = re.compile(r"\d[\w.]*")
_DEBIAN_PYTHON = "/usr/bin/python3"
_REQUIREMENTS = Path(__file__).parents[1]


def install_packages() -> None:
    """Install the Debian packages that are missing, where that is allowed.

    Raises
    ------
    Unusable
        If some are missing still; the command to install them is named.
    """
    missing = [name for name, file in PACKAGES.items() if not list(Path("/").glob(file[1:]))]
    if not missing:
        return
    command = ["apt-get", "install", "-y", "-qq", *missing]
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print(f"Installing {' '.join(missing)} …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(*sudo, "apt-get", "update", "-qq", env=quiet)
        run(*sudo, *command, env=quiet)
    except (Unusable, OSError) as error:
        wanted = f"sudo apt-get install {' '.join(missing)}"
        raise Unusable(f"some packages are missing ({error}); run: {wanted}") from None


def install_peer(name: str, cache: Path) -> Path:
    """Return the folder of a peer's programs, installed as ``bench/requirements-NAME.txt`` says.

    Debian's Python has an SQLite that loads extensions, which pygeoapi needs for a GeoPackage.

    Raises
    ------
    Unusable
        If that fails.
    """
    wanted = (_REQUIREMENTS / f"requirements-{name}.txt").read_text()
    folder = cache / "venvs" / name
    stamp = folder / "installed.txt"
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder / "bin"
    print(f"Installing {name} …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    run(_DEBIAN_PYTHON, "-m", "venv", str(folder))
    requirements = str(_REQUIREMENTS / f"requirements-{name}.txt")
    run(str(folder / "bin" / "pip"), "install", "--quiet", "-r", requirements)
    stamp.write_text(wanted)
    return folder / "bin"


def default_cache() -> Path:
    """Return where peers and data are kept between runs: BENCH_CACHE, or the user's cache."""
    given = os.environ.get("BENCH_CACHE")
    shared = os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path(shared or Path.home() / ".cache") / "shizhong-atlas-bench"


def data_form() -> str:
    """Return what changes with how the published layers are generated and stored."""
    root = Path(__file__).parents[2]
    migrations = sorted(each.name for each in root.glob("layers/store/migrations/versions/*.py"))
    said = (root / "bench" / "parcels.py").read_bytes() + " ".join(migrations).encode()
    return hashlib.sha256(said).hexdigest()[:12]


def versions(cache: Path) -> dict[str, str]:
    """Return the versions of what is compared."""
    said = {
        "wrk": _first_line("/usr/bin/wrk", "-v"),
        "nginx": _first_line("/usr/sbin/nginx", "-v"),
        "MapServer": _first_line("/usr/lib/cgi-bin/mapserv", "-v"),
        "PostgreSQL": _first_line("/usr/bin/psql", "--version"),
    }
    for name in ("tipg", "pygeoapi"):
        requirements = (_REQUIREMENTS / f"requirements-{name}.txt").read_text().splitlines()
        pinned = dict(line.split("==") for line in requirements if "==" in line)
        said[name] = pinned[name]
    return {name: match[0] for name, text in said.items() if (match := _VERSION.search(text))}


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(iter((done.stdout or done.stderr).splitlines()), "?")
