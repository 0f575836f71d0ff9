"""Every word that a person said, as an event of its own; what holds of a tag is the newest of them."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

# No place (NULL): said before words were events; every word with a place is newer.
_VERDICTS = """
CREATE TABLE verdicts (
    event_id         uuid PRIMARY KEY,
    asset_id         text NOT NULL,
    category         text NOT NULL,
    tag              text NOT NULL,
    word             text NOT NULL CHECK (word IN ('confirmed', 'rejected', 'added', 'withdrawn')),
    settles          boolean NOT NULL,
    decided_by       text NOT NULL,
    decided_at       timestamptz NOT NULL,
    source_partition integer,
    source_offset    bigint
)
"""

# What people said until now gets the ids under which it will be published.
_KNOWN = """
INSERT INTO verdicts (event_id, asset_id, category, tag, word, settles, decided_by, decided_at)
SELECT gen_random_uuid(), asset_id, category, tag, verdict, false, coalesce(decided_by, 'unknown'),
       coalesce(decided_at, now())
FROM asset_tags WHERE source = 'human'
"""

# A tag that a person confirmed or added settles a category whose tags exclude each other.
_CURRENT_TAGS = """
CREATE OR REPLACE VIEW current_tags AS
SELECT found.asset_id, found.category, found.tag, found.confidence, found.source, found.source_model, found.verdict
FROM asset_tags AS found
WHERE found.source = 'model' AND NOT EXISTS (
    SELECT FROM asset_tags AS said
    WHERE said.source = 'human' AND said.asset_id = found.asset_id AND said.category = found.category
      AND (said.tag = found.tag OR (said.settles AND said.verdict <> 'rejected'))
)
UNION ALL
SELECT said.asset_id, said.category, said.tag, said.confidence, said.source, said.source_model, said.verdict
FROM asset_tags AS said
JOIN assets USING (asset_id)
WHERE said.source = 'human' AND said.verdict <> 'rejected'
"""

_STATEMENTS = (
    _VERDICTS,
    "CREATE INDEX verdicts_by_tag ON verdicts (asset_id, category, tag)",
    "CREATE INDEX verdicts_by_time ON verdicts (decided_at DESC, event_id)",
    "ALTER TABLE asset_tags ADD COLUMN settles boolean NOT NULL DEFAULT false",
    _KNOWN,
    _CURRENT_TAGS,
    "COMMENT ON TABLE verdicts IS 'Every word of a person on a tag; the one that lies last in its partition counts'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
