"""The confidence of the model's best guess in the row of its asset: the order of surest and least sure textures.

One entry a texture in place of one for each of its guesses, which was a quarter of the work of storing tags.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

_FILL = """
UPDATE assets SET guess = best.confidence FROM (
    SELECT asset_id, max(confidence) AS confidence FROM asset_tags
    WHERE source = 'model' AND source_model NOT IN ('pixels', 'names') GROUP BY asset_id
) AS best WHERE best.asset_id = assets.asset_id
"""

_STATEMENTS = (
    "ALTER TABLE assets ADD COLUMN guess real",
    _FILL,
    "CREATE INDEX assets_guess ON assets (guess DESC, asset_id) WHERE guess IS NOT NULL",
    "DROP INDEX asset_tags_guesses",
    "COMMENT ON COLUMN assets.guess IS 'The confidence of the model''s best guess; pixels and names do not guess'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
