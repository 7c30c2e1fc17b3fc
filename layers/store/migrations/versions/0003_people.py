"""Accounts and tokens, and where a store has moved to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of people; add to drafts what the checks found."""
    text, whole = sa.Text, sa.Integer
    op.create_table(
        "account",
        sa.Column("name", text, primary_key=True),
        *(sa.Column(n, text, nullable=False) for n in ("shown", "role", "password", "created")),
        sa.Column("disabled", text),
    )
    op.create_table(
        "token",
        sa.Column("number", whole, sa.CheckConstraint("number > 0"), primary_key=True),
        *(
            sa.Column(n, text, nullable=False)
            for n in ("account", "label", "scopes", "sha256", "created", "expires")
        ),
        sa.Column("revoked", text),
        sa.ForeignKeyConstraint(["account"], ["account.name"]),
        sa.UniqueConstraint("sha256", name="token_sha256"),
    )
    op.create_table("moved", sa.Column("target", text, nullable=False))
    op.add_column("draft", sa.Column("findings", text))
    op.add_column("draft", sa.Column("context", text))


def downgrade() -> None:
    """Drop them."""
    for table in ("token", "account", "moved"):
        op.drop_table(table)
    for column in ("findings", "context"):
        op.drop_column("draft", column)
