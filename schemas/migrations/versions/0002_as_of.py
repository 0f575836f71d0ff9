"""What a replay tagged is void when its asset was removed after the replay had read it, though before it was tagged."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    "ALTER TABLE assets ADD COLUMN as_of timestamptz",
    "COMMENT ON COLUMN assets.as_of IS 'Until when the asset is known to have been there; NULL: until tagged_at'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
