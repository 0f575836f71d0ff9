"""What the comparer found of each two contents, and a view with a row for each two assets.

A relation is of pixels: it holds for whatever assets have the contents, and needs no change when one comes or goes.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

# Each pair twice, so that one index leads from either content to the other.
_RELATIONS = """
CREATE TABLE texture_relations (
    sha256       text NOT NULL,
    other_sha256 text NOT NULL,
    relation     text NOT NULL,
    said_of      text NOT NULL CHECK (said_of IN ('this', 'other')),
    PRIMARY KEY (sha256, other_sha256)
)
"""
# Assets with the same content need nobody to compare them. A person's word on a pair is a row of asset_tags, said of
# one of the two with the other's content as its tag.
_VIEW = """
CREATE VIEW asset_relations AS
SELECT asset.asset_id, other.asset_id AS other_asset_id, 'identical' AS relation, 'this' AS said_of, other.sha256
FROM assets AS asset JOIN assets AS other ON other.sha256 = asset.sha256 AND other.asset_id <> asset.asset_id
UNION ALL
SELECT asset.asset_id, other.asset_id, told.relation, told.said_of, other.sha256
FROM assets AS asset
JOIN texture_relations AS told ON told.sha256 = asset.sha256
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
    _RELATIONS,
    "COMMENT ON TABLE texture_relations IS 'What the comparer found one content to be of another; each pair both ways'",
    _VIEW,
    "COMMENT ON VIEW asset_relations IS 'The same texture in other assets: a row for each other asset of each asset'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
