"""Sessions of people with a browser, and attempts to begin one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make both tables."""
    text = sa.Text
    op.create_table(
        "session",
        sa.Column("sha256", text, primary_key=True),
        *(sa.Column(name, text, nullable=False) for name in ("account", "created", "seen")),
        sa.Column("ended", text),
        sa.ForeignKeyConstraint(["account"], ["account.name"]),
    )
    op.create_table(
        "login_attempt",
        sa.Column("id", text, primary_key=True),
        *(sa.Column(name, text, nullable=False) for name in ("subject", "time")),
        sa.Column("outcome", sa.Integer, nullable=False),
    )
    op.create_index("login_attempt_subject", "login_attempt", ["subject", "time"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("login_attempt")
    op.drop_table("session")
