"""What a PostgreSQL server must be, and what a role can do with as few rights as possible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from shapely.geometry import box

from layers.errors import InvalidParameter, StoreUnavailable
from layers.model import Feature
from layers.opinions import CONSENT, Subject, answer, close, follow, submit
from layers.opinions import Draft as Said
from layers.sealing import Seal
from layers.store import ChangeSet, Store, grants, new_draft

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
HERE = Subject("projects", "laoshangbu")


def features(*names):
    return [Feature(name, box(117, 36.5, 117.1, 36.6), {"name": name}) for name in names]


@pytest.fixture
def worker(cluster, database):
    """Return the address of the database for a role that has the grants and nothing else."""
    Store(database).close()
    role = f"worker_{uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(grants(role))
    return database.replace("atlas@", f"{role}@", 1)


def test_a_role_with_few_rights_publishes_drafts_and_rolls_back(worker):
    store = Store(worker)
    first = store.publish(
        "x", features("a", "b"), base=None, kind="publish", author="a", message="m"
    )
    second = store.publish("x", features("a"), base=first, kind="publish", author="a", message="m")
    draft = new_draft(
        "x", 2, author="a", source="f", crs="EPSG:4490", notes=[], findings=[], context=""
    )
    kept = store.drafts.add(draft, ChangeSet(tuple(features("c")), (), {}))
    third = store.publish(
        "x", store.drafts.changes(kept), base=second, kind="publish", author="a", message="m"
    )
    store.drafts.close(kept, "published", author="a", revision=3)
    store.publish("x", store.features(first), base=third, kind="rollback", author="a", message="m")
    assert [f.id for f in store.features(store.head("x"))] == ["a", "b"]
    assert list(store.faults()) == []
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit",
        "DELETE FROM revision",
        "DELETE FROM feature_version",
        "UPDATE audit SET actor = 'nobody'",
        "UPDATE revision SET digest = ''",
        "UPDATE feature_version SET properties = '{}'",
        "DROP TABLE audit",
        "TRUNCATE audit",
        "ALTER TABLE audit ADD COLUMN more text",
    ],
)
def test_it_cannot_rewrite_history(worker, statement):
    store = Store(worker)
    store.publish("x", features("a"), base=None, kind="publish", author="a", message="m")
    store.close()
    with (
        psycopg.connect(worker) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_a_role_with_few_rights_takes_answers_and_erases_opinions(worker):
    store, seal = Store(worker), Seal(b"k" * 32)
    said = [Said("opinion", text, "139 0000 0000", CONSENT) for text in ("one", "two")]
    receipts = [submit(store, seal, HERE, each, each.text, NOW) for each in said]
    answer(store, 1, "mended", "what was said", author="zhang", now=NOW)
    close(store, 1, author="zhang", now=NOW)
    assert seal.open(store.opinions.contact(1, author="zhang", now=NOW)) == "139 0000 0000"
    assert store.opinions.erase_contacts(NOW + timedelta(days=1), now=NOW) == 1
    store.opinions.erase(2, author="public", now=NOW)
    assert [follow(store, each).status for each in receipts] == ["closed", "erased"]
    assert list(store.faults()) == []
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM opinion",
        "DELETE FROM opinion_contact",
        "UPDATE opinion SET receipt = ''",
        "UPDATE opinion SET created = ''",
        "UPDATE opinion_contact SET opinion = 2",
    ],
)
def test_it_cannot_hide_that_an_opinion_came(worker, statement):
    store = Store(worker)
    submit(store, Seal(b"k" * 32), HERE, Said("opinion", "one", "", CONSENT), "one", NOW)
    store.close()
    with (
        psycopg.connect(worker) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_a_role_has_a_plain_name():
    with pytest.raises(InvalidParameter, match="no plain role"):
        grants("x; DROP TABLE audit")


def test_postgis_knows_every_geometry(database):
    store = Store(database)
    store.publish("x", features("a"), base=None, kind="publish", author="a", message="m")
    with psycopg.connect(database) as connection:
        answer = connection.execute(
            "SELECT ST_SRID(shape), ST_GeometryType(shape) FROM feature_version"
        ).fetchone()
    assert answer == (4326, "ST_Polygon")
    store.close()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'", "encoded as SQL_ASCII"),
        ("ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", "has the ctype C"),
    ],
)
def test_a_database_that_would_damage_texts_is_refused(cluster, options, sentence):
    name = f"wrong_{uuid4().hex}"
    with psycopg.connect(cluster.address.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
    with pytest.raises(StoreUnavailable, match=sentence):
        Store(cluster.address.format(name))


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_would_lose_data_is_refused(make_cluster, setting):
    cluster = make_cluster(f"-c {setting}=off")
    with pytest.raises(StoreUnavailable, match=f"{setting}=off"):
        Store(cluster.database())


def test_a_password_is_in_no_sentence():
    with pytest.raises(StoreUnavailable) as refused:
        Store("postgresql://atlas:geheim@127.0.0.1:1/atlas")
    assert "geheim" not in refused.value.sentence
