"""What is wrong with each texture, in its own row, so that it comes and goes with it, and a view with a row for each.

An array of names leads the page's questions: PostgreSQL knows how frequent each name is, and keeps the newest first.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

_VIEW = """
CREATE VIEW asset_findings AS
SELECT asset.asset_id, found.id, found.name, found.severity, found.value
FROM assets AS asset
CROSS JOIN LATERAL jsonb_to_recordset(asset.findings) AS found (id text, name text, severity text, value float8)
"""

_STATEMENTS = (
    # NULL: not looked over. Faults are the findings of severity note or worse.
    "ALTER TABLE assets ADD COLUMN findings jsonb, ADD COLUMN finding_names text[], ADD COLUMN faults smallint",
    "CREATE INDEX assets_finding_names ON assets USING gin (finding_names)",
    "CREATE INDEX assets_faults ON assets (faults DESC, asset_id) WHERE faults > 0",
    _VIEW,
    "COMMENT ON VIEW asset_findings IS 'What is wrong with the textures: a row for each finding of each asset'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
