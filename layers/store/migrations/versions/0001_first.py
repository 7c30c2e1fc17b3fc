"""The first tables: revisions, texts of plans, actual figures, the audit log."""

from __future__ import annotations

import orjson
import shapely
import sqlalchemy as sa
from alembic import op

from layers.geojson import combined_digest, feature_digest
from layers.model import Feature
from layers.store import schema

revision = "0001"
down_revision = None


_BEFORE = ("feature_version", "revision", "plan_version", "actual", "catalogue")


def upgrade() -> None:
    """Make every table; carry over what an atlas before this tool had stored."""
    known = sa.inspect(op.get_bind()).get_table_names()
    old = [table for table in _BEFORE if table in known]
    for table in old:
        op.rename_table(table, f"old_{table}")
    if "feature_version" in old:
        op.drop_index("feature_version_range")
    _create()
    if "revision" in old:
        _carry_over(op.get_bind(), old)
    for table in old:
        op.drop_table(f"old_{table}")


def _carry_over(connection: sa.Connection, old: list[str]) -> None:
    rows = connection.execute(sa.text("SELECT * FROM old_feature_version")).mappings().all()
    digests = {(r["layer"], r["id"], r["first"]): _digest(r) for r in rows}
    revisions = connection.execute(
        sa.text("SELECT * FROM old_revision ORDER BY created")
    ).mappings()
    for sequence, each in enumerate(revisions.all(), 2):
        number, layer = each["number"], each["layer"]
        there = {r["id"]: r for r in rows if r["layer"] == layer and _in(r, number)}
        before = {r["id"]: r for r in rows if r["layer"] == layer and _in(r, number - 1)}
        values = {
            name: each[name] for name in ("layer", "number", "kind", "author", "message", "created")
        } | {
            "parent": number - 1 or None,
            "digest": combined_digest({i: digests[layer, i, r["first"]] for i, r in there.items()}),
            "added": len(there.keys() - before.keys()),
            "removed": len(before.keys() - there.keys()),
            "changed": sum(before[i]["first"] != there[i]["first"] for i in there if i in before),
            "sequence": sequence,
        }
        connection.execute(schema.revision.insert().values(values))
        connection.execute(schema.catalogue.update().values(sequence=sequence))
    for row in rows:
        key = row["layer"], row["id"], row["first"]
        connection.execute(schema.feature_version.insert().values(dict(row, digest=digests[key])))
    if "plan_version" in old:
        for row in connection.execute(sa.text("SELECT * FROM old_plan_version")).mappings():
            connection.execute(schema.plan_version.insert().values(dict(row)))
        for row in connection.execute(sa.text("SELECT * FROM old_actual")).mappings():
            kept = {name: value for name, value in row.items() if name != "ended"}
            connection.execute(schema.actual.insert().values(kept))


def _in(row: sa.RowMapping, number: int) -> bool:
    return row["first"] <= number and (row["last"] is None or row["last"] >= number)


def _digest(row: sa.RowMapping) -> str:
    shape = None if row["geometry"] is None else shapely.from_wkb(row["geometry"])
    return feature_digest(Feature(row["id"], shape, orjson.loads(row["properties"])))


def _create() -> None:
    text, whole = sa.Text, sa.Integer
    op.create_table(
        "revision",
        sa.Column("layer", text, primary_key=True),
        sa.Column("number", whole, sa.CheckConstraint("number > 0"), primary_key=True),
        sa.Column("parent", whole),
        *(sa.Column(n, text, nullable=False) for n in ("digest", "kind", "author", "message")),
        sa.Column("created", text, nullable=False),
        sa.Column("key", text),
        *(sa.Column(n, whole, nullable=False) for n in ("added", "removed", "changed")),
        sa.Column("sequence", whole, nullable=False),
        sa.UniqueConstraint("layer", "key", name="revision_key"),
    )
    op.create_table(
        "feature_version",
        sa.Column("layer", text, primary_key=True),
        sa.Column("id", text, primary_key=True),
        sa.Column("first", whole, primary_key=True),
        sa.Column("last", whole),
        sa.Column("position", sa.Double, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("geometry", sa.LargeBinary),
        sa.Column("properties", text, nullable=False),
        sa.ForeignKeyConstraint(["layer", "first"], ["revision.layer", "revision.number"]),
    )
    op.create_index("feature_version_range", "feature_version", ["layer", "first", "last"])
    op.create_table(
        "audit",
        sa.Column("number", whole, primary_key=True, autoincrement=False),
        *(
            sa.Column(n, text, nullable=False)
            for n in ("time", "actor", "action", "subject", "detail", "hash")
        ),
    )
    op.create_table(
        "plan_version",
        sa.Column("plan", text, primary_key=True),
        sa.Column("number", whole, sa.CheckConstraint("number > 0"), primary_key=True),
        *(
            sa.Column(n, text, nullable=False)
            for n in (
                "sha256",
                "title",
                "title_en",
                "date",
                "encoding",
                "author",
                "message",
                "created",
                "text",
            )
        ),
    )
    op.create_table(
        "actual",
        sa.Column("series", text, primary_key=True),
        sa.Column("year", whole, primary_key=True),
        sa.Column("entered", text, primary_key=True),
        sa.Column("value", sa.Double, nullable=False),
        *(sa.Column(n, text, nullable=False) for n in ("unit", "source", "author")),
    )
    op.create_table("catalogue", sa.Column("sequence", whole, nullable=False))
    op.execute("INSERT INTO catalogue VALUES (1)")


def downgrade() -> None:
    """Refuse: the first tables are the store itself."""
    raise NotImplementedError("There is nothing before the first tables.")
