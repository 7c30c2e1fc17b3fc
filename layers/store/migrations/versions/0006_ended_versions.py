"""An index of the feature versions that have ended: few of many, and asked for after each edit."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the index; the same statement for both engines."""
    op.execute(
        "CREATE INDEX feature_version_ended ON feature_version (layer, last) WHERE last IS NOT NULL"
    )


def downgrade() -> None:
    """Drop the index."""
    op.execute("DROP INDEX feature_version_ended")
