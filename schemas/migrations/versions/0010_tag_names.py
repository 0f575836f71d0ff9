"""The names of the model's tags in the row of their asset, so that one index leads a question for several of them.

What people said stays in asset_tags alone: it is little, and has an index of its own.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

_FILL = """
UPDATE assets SET tag_names = named.tags FROM (
    SELECT asset_id, array_agg(DISTINCT tag) AS tags FROM asset_tags WHERE source = 'model' GROUP BY asset_id
) AS named WHERE named.asset_id = assets.asset_id
"""

_STATEMENTS = (
    "ALTER TABLE assets ADD COLUMN tag_names text[] NOT NULL DEFAULT '{}'",
    _FILL,
    "CREATE INDEX assets_tag_names ON assets USING gin (tag_names)",
    "COMMENT ON COLUMN assets.tag_names IS 'The names of its rows in asset_tags that are the model''s'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
