"""What happens to a draft between its upload and its publish: edits, comments, decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables of edits and events; let a draft wait for a moment."""
    text, whole = sa.Text, sa.Integer
    op.add_column("draft", sa.Column("message", text))
    op.add_column("draft", sa.Column("reason", text))
    op.add_column("draft", sa.Column("due", text))
    op.create_table(
        "draft_edit",
        sa.Column("layer", text, primary_key=True),
        sa.Column("draft", whole, primary_key=True),
        sa.Column("number", whole, sa.CheckConstraint("number > 0"), primary_key=True),
        *(sa.Column(name, text, nullable=False) for name in ("id", "author", "time", "kind")),
        sa.Column("geometry", sa.LargeBinary),
        sa.Column("properties", text),
        sa.ForeignKeyConstraint(["layer", "draft"], ["draft.layer", "draft.number"]),
    )
    op.create_table(
        "draft_event",
        sa.Column("layer", text, primary_key=True),
        sa.Column("draft", whole, primary_key=True),
        sa.Column("number", whole, sa.CheckConstraint("number > 0"), primary_key=True),
        *(sa.Column(name, text, nullable=False) for name in ("author", "time", "kind", "text")),
        sa.Column("feature", text),
        sa.ForeignKeyConstraint(["layer", "draft"], ["draft.layer", "draft.number"]),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("draft_event")
    op.drop_table("draft_edit")
    for column in ("due", "reason", "message"):
        op.drop_column("draft", column)
