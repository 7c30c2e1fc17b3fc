"""Drafts: changes against a revision that nobody has published yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of drafts."""
    text, whole = sa.Text, sa.Integer
    op.create_table(
        "draft",
        sa.Column("layer", text, primary_key=True),
        sa.Column("number", whole, sa.CheckConstraint("number > 0"), primary_key=True),
        sa.Column("base", whole),
        *(
            sa.Column(n, text, nullable=False)
            for n in ("author", "created", "source", "crs", "notes", "status")
        ),
        sa.Column("revision", whole),
        sa.ForeignKeyConstraint(["layer", "base"], ["revision.layer", "revision.number"]),
    )
    op.create_table(
        "draft_change",
        sa.Column("layer", text, primary_key=True),
        sa.Column("draft", whole, primary_key=True),
        sa.Column("id", text, primary_key=True),
        sa.Column("row", whole),
        sa.Column("removed", whole, nullable=False),
        sa.Column("geometry", sa.LargeBinary),
        sa.Column("properties", text),
        sa.ForeignKeyConstraint(["layer", "draft"], ["draft.layer", "draft.number"]),
    )


def downgrade() -> None:
    """Drop drafts."""
    op.drop_table("draft_change")
    op.drop_table("draft")
