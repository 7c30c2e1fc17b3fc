"""What the public says, and apart from it how they can be reached."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make both tables."""
    text, whole = sa.Text, sa.Integer
    needed = ("receipt", "challenge", "kind", "layer", "subject", "consent", "created", "status")
    op.create_table(
        "opinion",
        sa.Column("number", whole, sa.CheckConstraint("number > 0"), primary_key=True),
        *(sa.Column(name, text, nullable=False) for name in needed),
        *(sa.Column(name, text) for name in ("text", "answer", "summary", "answered", "closed")),
        sa.UniqueConstraint("receipt", name="opinion_receipt"),
        sa.UniqueConstraint("challenge", name="opinion_challenge"),
    )
    op.create_index("opinion_subject", "opinion", ["layer", "subject"])
    op.create_table(
        "opinion_contact",
        sa.Column("opinion", whole, primary_key=True, autoincrement=False),
        sa.Column("sealed", text),
        sa.ForeignKeyConstraint(["opinion"], ["opinion.number"]),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("opinion_contact")
    op.drop_table("opinion")
