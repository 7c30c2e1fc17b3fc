"""On PostgreSQL, what layers are served by that are too large to be packed."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Derive the properties as JSON from their text, and index them and the order of features."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "ALTER TABLE feature_version ADD COLUMN document jsonb "
        "GENERATED ALWAYS AS (properties::jsonb) STORED"
    )
    op.execute("CREATE INDEX feature_version_order ON feature_version (layer, position, id)")
    op.execute(
        "CREATE INDEX feature_version_document ON feature_version "
        "USING gin (document jsonb_path_ops)"
    )


def downgrade() -> None:
    """Drop the column and the indexes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX feature_version_order")
        op.execute("ALTER TABLE feature_version DROP COLUMN document")
