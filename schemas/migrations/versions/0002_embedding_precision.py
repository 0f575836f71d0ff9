"""Which of a model's graphs made an embedding, so that a tagger with the same one may use it again."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

# NULL: stored before this step; it is found by likeness as ever, and replaced when its content is tagged again.
_STATEMENTS = (
    "ALTER TABLE embeddings ADD COLUMN precision text",
    "ALTER TABLE embeddings_incoming ADD COLUMN precision text",
    # Taggers ask for what still waits for its place in the HNSW index.
    "CREATE INDEX embeddings_incoming_sha256 ON embeddings_incoming (sha256)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
