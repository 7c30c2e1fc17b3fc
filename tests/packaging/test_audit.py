"""What make audit says of known vulnerabilities, and when it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"
SOUND = {"name": "a", "version": "1", "vulns": []}
FAULTY = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNASKED = {"name": "c", "skip_reason": "not found"}


@pytest.fixture
def audit(tmp_path):
    """Run it with something that answers in the place of the real one."""

    def run(answer):
        asked = f"import sys; print(*sys.argv, file=open({str(tmp_path / 'asked')!r}, 'w'))"
        source = f"{asked}\nprint({answer!r})"
        (tmp_path / "pip_audit.py").write_text(source, encoding="utf-8")
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.run(
            [sys.executable, str(AUDIT)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return lambda *known: run(json.dumps({"dependencies": known}) if known else "")


def test_a_known_vulnerability_is_a_failure_that_names_it(audit):
    done = audit(SOUND, FAULTY, UNASKED)
    assert done.returncode == 1
    assert "b 2: PYSEC-1, mended in 3" in done.stdout
    assert "2 dependencies, 1 with a known vulnerability, 1 could not be asked about" in done.stdout


def test_where_nobody_answers_it_says_that_nothing_is_proved(audit):
    for done in (audit(), audit(UNASKED)):
        assert done.returncode == 0
        assert "could not ask" in done.stdout


def test_where_nothing_is_known_it_says_how_many_were_asked_about(audit):
    done = audit(SOUND)
    assert done.returncode == 0
    assert "1 dependencies, 0 with a known vulnerability." in done.stdout


def test_it_asks_about_every_file_of_requirements(audit, tmp_path):
    audit(SOUND)
    asked = (tmp_path / "asked").read_text(encoding="utf-8").split()
    files = {Path(each).name for each in asked if each.endswith(".txt")}
    assert files == {path.name for path in (AUDIT.parents[1] / "requirements").glob("*.txt")}
