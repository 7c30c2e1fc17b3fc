"""The tables of the store, the same on both engines.

Times are ISO 8601 texts in UTC and geometry is WKB, so that both engines keep the same bytes.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    column,
    table,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

revision = Table(
    "revision",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True),
    Column("parent", Integer),
    Column("digest", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("key", Text),
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    UniqueConstraint("layer", "key", name="revision_key"),
)

feature_version = Table(
    "feature_version",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("first", Integer, primary_key=True),
    Column("last", Integer),
    Column("position", Double, nullable=False),
    Column("digest", Text, nullable=False),
    Column("geometry", LargeBinary),
    Column("properties", Text, nullable=False),
    ForeignKeyConstraint(["layer", "first"], ["revision.layer", "revision.number"]),
    Index("feature_version_range", "layer", "first", "last"),
    Index(
        "feature_version_ended",
        "layer",
        "last",
        sqlite_where=column("last").is_not(None),
        postgresql_where=column("last").is_not(None),
    ),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("time", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

draft = Table(
    "draft",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True),
    Column("base", Integer),
    Column("author", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("crs", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("revision", Integer),
    Column("findings", Text),
    Column("context", Text),
    Column("message", Text),
    Column("reason", Text),
    Column("due", Text),
    ForeignKeyConstraint(["layer", "base"], ["revision.layer", "revision.number"]),
)

draft_change = Table(
    "draft_change",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("draft", Integer, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("row", Integer),
    Column("removed", Integer, nullable=False),
    Column("geometry", LargeBinary),
    Column("properties", Text),
    ForeignKeyConstraint(["layer", "draft"], ["draft.layer", "draft.number"]),
)

draft_edit = Table(
    "draft_edit",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("draft", Integer, primary_key=True),
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True),
    Column("id", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("geometry", LargeBinary),
    Column("properties", Text),
    ForeignKeyConstraint(["layer", "draft"], ["draft.layer", "draft.number"]),
)
"""What was done to a draft by hand, over `draft_change`: of each feature the last row counts."""

draft_event = Table(
    "draft_event",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("draft", Integer, primary_key=True),
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True),
    Column("author", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("feature", Text),
    ForeignKeyConstraint(["layer", "draft"], ["draft.layer", "draft.number"]),
)

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("shown", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("disabled", Text),
)

token = Table(
    "token",
    metadata,
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True),
    Column("account", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Column("revoked", Text),
    ForeignKeyConstraint(["account"], ["account.name"]),
    UniqueConstraint("sha256", name="token_sha256"),
)

session = Table(
    "session",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("ended", Text),
    ForeignKeyConstraint(["account"], ["account.name"]),
)

login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("outcome", Integer, nullable=False),
    Index("login_attempt_subject", "subject", "time"),
)
"""Under which name, as its SHA-256: people type their password into the wrong field."""

opinion = Table(
    "opinion",
    metadata,
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True),
    Column("receipt", Text, nullable=False),
    Column("challenge", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("layer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text),
    Column("consent", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("answer", Text),
    Column("summary", Text),
    Column("answered", Text),
    Column("closed", Text),
    UniqueConstraint("receipt", name="opinion_receipt"),
    UniqueConstraint("challenge", name="opinion_challenge"),
    Index("opinion_subject", "layer", "subject"),
)
"""What the public says. Of the receipt only its SHA-256 is kept; an erased row keeps its number."""

opinion_contact = Table(
    "opinion_contact",
    metadata,
    Column("opinion", Integer, primary_key=True, autoincrement=False),
    Column("sealed", Text),
    ForeignKeyConstraint(["opinion"], ["opinion.number"]),
)
"""How somebody can be reached, encrypted, apart from what they said; NULL once it is erased."""

moved = Table("moved", metadata, Column("target", Text, nullable=False))
"""Empty; one row, with the new address, when the store has moved: then nothing may be written."""

plan_version = Table(
    "plan_version",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("number", Integer, CheckConstraint("number > 0"), primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("text", Text, nullable=False),
)

actual = Table(
    "actual",
    metadata,
    Column("series", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("entered", Text, primary_key=True),
    Column("value", Double, nullable=False),
    Column("unit", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("author", Text, nullable=False),
)

catalogue = Table("catalogue", metadata, Column("sequence", Integer, nullable=False))
"""One row: a number that grows with everything that is stored."""

placed = table(
    "feature_version",
    *(column(each.name, each.type) for each in feature_version.c),
    column("document", JSONB),
    column("shape"),
)
"""Feature versions with what PostgreSQL derives of them: properties as JSON, PostGIS geometry."""
