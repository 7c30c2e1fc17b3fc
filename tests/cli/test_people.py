"""Users, tokens and the move of a store, from the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.fixture
def with_input(environment):
    def run(text, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            env=environment,
            input=text,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


def test_users_and_tokens_are_made_listed_and_ended(atlas, with_input):
    made = with_input(
        "a sentence nobody guesses\n", "user", "add", "wang", "--role", "editor",
        "--password-stdin",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert json.loads(atlas("user", "list", "--json").stdout)[0]["role"] == "editor"
    assert atlas("user", "role", "wang", "reviewer").returncode == 0
    token = json.loads(
        atlas(
            "token", "add", "wang", "--label", "QGIS", "--scope", "projects:edit", "--json"
        ).stdout
    )
    assert token["token"].startswith("atlas_")
    listed = atlas("token", "list").stdout
    assert "projects:edit" in listed
    assert token["token"] not in listed
    assert atlas("token", "revoke", "1").returncode == 0
    assert atlas("user", "disable", "wang").returncode == 0
    assert "reviewer, disabled since" in atlas("user", "list").stdout


def test_no_password_is_taken_without_a_terminal(atlas):
    refused = atlas("user", "add", "wang", "--role", "editor")
    assert refused.returncode == 2
    assert "--password-stdin" in refused.stderr


def test_a_store_moves_to_postgresql_and_is_used_there(atlas, database):
    before = json.loads(atlas("layers", "--json").stdout)
    moved = atlas("store", "migrate", database)
    assert moved.returncode == 0, moved.stderr
    assert "takes no more writes" in moved.stdout
    after = json.loads(atlas("layers", "--json", ATLAS_STORE=database).stdout)
    assert after == before
    refused = atlas("rollback", "projects", "1")
    assert refused.returncode != 0
    assert atlas("verify", ATLAS_STORE=database).returncode == 0
