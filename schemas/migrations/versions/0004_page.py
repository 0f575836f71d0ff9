"""Indexes that lead the page's questions: the newest textures, those with a tag, and the surest guesses."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    "CREATE INDEX assets_newest ON assets (stored_at DESC, asset_id DESC)",
    # With the id, because many tags share a confidence (pixels say 1.0): without it a page would sort all of them.
    "DROP INDEX asset_tags_by_tag",
    "CREATE INDEX asset_tags_by_tag ON asset_tags (tag, confidence DESC, asset_id)",
    # What a model guessed, as opposed to what pixels and names say for certain.
    """
    CREATE INDEX asset_tags_guesses ON asset_tags (confidence DESC, asset_id)
    WHERE source = 'model' AND source_model NOT IN ('pixels', 'names')
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
