"""The perceptual hashes of every content that was compared, in the order in which they were stored."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

# Hashes of 64 bits, as signed numbers of the same bits. Who adds holds a lock until its commit, so no position becomes
# visible after a higher one, and a reader that knows the last sees all that came since.
_HASHES = """
CREATE TABLE texture_hashes (
    position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    sha256   text PRIMARY KEY,
    hashes   bigint[] NOT NULL
)
"""

_STATEMENTS = (
    _HASHES,
    "COMMENT ON TABLE texture_hashes IS 'Perceptual hashes of each content that the comparer has met'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
