"""Assets, their tags from models and from people, and their embeddings."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_ASSETS = """
CREATE TABLE assets (
    asset_id           text PRIMARY KEY,
    event_id           uuid NOT NULL,
    extracted_event_id uuid NOT NULL,
    extracted_at       timestamptz NOT NULL,
    tagged_at          timestamptz NOT NULL,
    bucket             text NOT NULL,
    object_key         text NOT NULL,
    size_bytes         bigint,
    sha256             text,
    content_type       text,
    width              integer NOT NULL,
    height             integer NOT NULL,
    mode               text NOT NULL,
    source             jsonb,
    model_id           text NOT NULL,
    model_digest       text NOT NULL,
    model_precision    text NOT NULL,
    calibrated         boolean NOT NULL,
    taxonomy_id        text NOT NULL,
    taxonomy_version   text NOT NULL,
    taxonomy_digest    text NOT NULL,
    stored_at          timestamptz NOT NULL DEFAULT now()
)
"""

# Keys are texts and rows are replaced whole, so no foreign key: a verdict outlives its asset's removal and return.
_ASSET_TAGS = """
CREATE TABLE asset_tags (
    asset_id     text NOT NULL,
    category     text NOT NULL,
    tag          text NOT NULL,
    source       text NOT NULL DEFAULT 'model' CHECK (source IN ('model', 'human')),
    confidence   real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    source_model text,
    verdict      text CHECK (verdict IN ('confirmed', 'rejected', 'added')),
    decided_by   text,
    decided_at   timestamptz,
    PRIMARY KEY (asset_id, category, tag, source),
    CHECK ((source = 'human') = (verdict IS NOT NULL))
)
"""

# Until when what was said of an asset is void; kept after the removal, so that an old event delivered again stays out.
_REMOVED_ASSETS = """
CREATE TABLE removed_assets (
    asset_id   text PRIMARY KEY,
    removed_at timestamptz NOT NULL
)
"""

# halfvec without a dimension: models differ in it. Each model's HNSW index is made when its first embedding comes.
_EMBEDDINGS = """
CREATE TABLE embeddings (
    sha256       text NOT NULL,
    model_digest text NOT NULL,
    embedding    public.halfvec NOT NULL,
    PRIMARY KEY (sha256, model_digest)
)
"""

# Embeddings wait here, durable and unindexed, so that the price of an HNSW insert is never on the way of the tags.
_EMBEDDINGS_INCOMING = """
CREATE TABLE embeddings_incoming (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256       text NOT NULL,
    model_digest text NOT NULL,
    embedding    public.halfvec NOT NULL
)
"""

_CURRENT_TAGS = """
CREATE VIEW current_tags AS
SELECT found.asset_id, found.category, found.tag, found.confidence, found.source, found.source_model, found.verdict
FROM asset_tags AS found
WHERE found.source = 'model' AND NOT EXISTS (
    SELECT FROM asset_tags AS said
    WHERE said.source = 'human' AND said.asset_id = found.asset_id
      AND said.category = found.category AND said.tag = found.tag
)
UNION ALL
SELECT said.asset_id, said.category, said.tag, said.confidence, said.source, said.source_model, said.verdict
FROM asset_tags AS said
JOIN assets USING (asset_id)
WHERE said.source = 'human' AND said.verdict <> 'rejected'
"""

_STATEMENTS = (
    _ASSETS,
    "CREATE INDEX assets_sha256 ON assets (sha256)",
    _ASSET_TAGS,
    "CREATE INDEX asset_tags_by_tag ON asset_tags (tag, confidence DESC)",
    "CREATE INDEX asset_tags_human ON asset_tags (asset_id, category, tag) WHERE source = 'human'",
    _REMOVED_ASSETS,
    _EMBEDDINGS,
    _EMBEDDINGS_INCOMING,
    _CURRENT_TAGS,
    "COMMENT ON TABLE assets IS 'What is known of each asset: the newest (extracted_at, tagged_at) wins'",
    "COMMENT ON TABLE asset_tags IS 'Tags by source; a human verdict wins over the model and is never replaced by it'",
    "COMMENT ON VIEW current_tags IS 'The tags that hold: the model''s, corrected by people'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
