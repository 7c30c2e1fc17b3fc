"""On PostgreSQL, the geometry of a feature version as PostGIS knows it, with an index."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Derive the column from the WKB, which stays what digests are made of."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "ALTER TABLE feature_version ADD COLUMN shape geometry(Geometry, 4326) "
        "GENERATED ALWAYS AS (ST_SetSRID(ST_GeomFromWKB(geometry), 4326)) STORED"
    )
    op.execute("CREATE INDEX feature_version_shape ON feature_version USING gist (shape)")


def downgrade() -> None:
    """Drop the column."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE feature_version DROP COLUMN shape")
