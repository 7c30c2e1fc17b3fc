"""Ask whether anything that is installed for the atlas has a known vulnerability.

Fails if there is one. Where nobody can be asked it says so, and does not fail: that proves nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 300
FILES = tuple(f"requirements/{name}.txt" for name in ("runtime", "dev", "docs"))


def ask() -> list[dict[str, object]] | None:
    """Return what is known of each dependency; None if nobody answers."""
    files = [part for file in FILES for part in ("-r", str(ROOT / file))]
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", *files]
    command += ["--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(  # noqa: S603  the command is ours
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        found: list[dict[str, object]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return found


def main() -> int:
    """Say what was found; return the exit status."""
    found = ask() or []
    asked = [each for each in found if "skip_reason" not in each]
    faulty = [each for each in asked if each["vulns"]]
    for each in faulty:
        vulns = each["vulns"]
        assert isinstance(vulns, list)  # noqa: S101  by pip-audit's format
        for vuln in vulns:
            mended = ", ".join(vuln["fix_versions"]) or "no release"
            print(f"{each['name']} {each['version']}: {vuln['id']}, mended in {mended}")  # noqa: T201
    if not asked:
        print("Audit: could not ask for known vulnerabilities; nothing is proved.")  # noqa: T201
    else:
        unasked = f", {len(found) - len(asked)} could not be asked about" * (found != asked)
        print(  # noqa: T201
            f"Audit: {len(asked)} dependencies, {len(faulty)} with a known vulnerability{unasked}."
        )
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
