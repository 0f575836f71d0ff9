"""An index from a relation to the contents that have it, and rows for those that several assets have.

A content that several assets have is told to be identical to itself: a row that the sink writes.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

_COPIES = """
INSERT INTO texture_relations (sha256, other_sha256, relation, said_of)
SELECT sha256, sha256, 'identical', 'this' FROM assets WHERE sha256 IS NOT NULL
GROUP BY sha256 HAVING count(*) > 1
ON CONFLICT (sha256, other_sha256) DO NOTHING
"""
# Assets with the same content come from the assets themselves, so that nothing that goes leaves a row behind.
_VIEW = """
CREATE OR REPLACE VIEW asset_relations AS
SELECT asset.asset_id, other.asset_id AS other_asset_id, 'identical' AS relation, 'this' AS said_of, other.sha256
FROM assets AS asset JOIN assets AS other ON other.sha256 = asset.sha256 AND other.asset_id <> asset.asset_id
UNION ALL
SELECT asset.asset_id, other.asset_id, told.relation, told.said_of, other.sha256
FROM assets AS asset
JOIN texture_relations AS told ON told.sha256 = asset.sha256 AND told.other_sha256 <> told.sha256
JOIN assets AS other ON other.sha256 = told.other_sha256
WHERE NOT EXISTS (
    SELECT FROM assets AS one JOIN asset_tags AS said ON said.asset_id = one.asset_id
    WHERE one.sha256 = told.sha256 AND said.tag = told.other_sha256
      AND said.source = 'human' AND said.category = 'duplicate_of' AND said.verdict = 'rejected'
) AND NOT EXISTS (
    SELECT FROM assets AS one JOIN asset_tags AS said ON said.asset_id = one.asset_id
    WHERE one.sha256 = told.other_sha256 AND said.tag = told.sha256
      AND said.source = 'human' AND said.category = 'duplicate_of' AND said.verdict = 'rejected'
)
"""

_STATEMENTS = (
    _COPIES,
    "CREATE INDEX texture_relations_by_name ON texture_relations (relation, sha256)",
    # With all that the newest of some contents are told by, so that no row is read for those that are not shown.
    "CREATE INDEX assets_by_content ON assets (sha256, stored_at, asset_id)",
    "DROP INDEX assets_sha256",
    # Of few rows, and asked for each pair: whether a person said that it is none.
    """
    CREATE INDEX asset_tags_apart ON asset_tags (tag)
    WHERE source = 'human' AND category = 'duplicate_of' AND verdict = 'rejected'
    """,
    _VIEW,
    """
    COMMENT ON TABLE texture_relations IS
    'What one content is of another, each pair both ways, and which contents several assets have'
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
