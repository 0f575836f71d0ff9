"""A library of any size, made within PostgreSQL: textures of some games, with tags as a model gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from pgvector import HalfVector
from pgvector.asyncpg import register_vector

from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.embeddings import create_index
from schemas.connections import DatabaseConnection
from schemas.objects import object_key

DIM: Final = 256
# Words that names are made of, besides: 28 games with 28 000 textures have 5000 (export/mini/manifest.csv.gz).
_OTHER_WORDS: Final = 50_000
# What to ask of its names.
WORDS: Final = (
    "sword",
    "rusty door",
    "wooden crate",
    "tree",
    "stone wall",
    "icon",
    "banner 12",
    "ship at sea",
    "helmet",
)
_CENTRES: Final = 2_000
_AT_ONCE: Final = 20_000
# Name, how many tags it has, and how many of them a texture gets; the last is how many of its textures have any.
_GUESSED: Final = (("object_types", 40, 2, 0.6), ("materials", 20, 1, 0.7), ("art_styles", 12, 1, 0.8))
_MEASURED: Final = (("color_palettes", 12, 3, 1.0), ("texture_roles", 8, 1, 1.0))
_NAMES: Final = ("sword", "door", "crate", "tree", "wall", "icon", "banner", "ship", "rock", "helmet", "grass", "lamp")

_ASSETS: Final = """
INSERT INTO assets (asset_id, event_id, extracted_event_id, extracted_at, tagged_at, stored_at, bucket, object_key,
                    sha256, width, height, mode, source, model_id, model_digest, model_precision, calibrated,
                    taxonomy_id, taxonomy_version, taxonomy_digest)
SELECT 'game-' || n % 40 || '/textures/' || ($3::text[])[1 + n % array_length($3::text[], 1)] || '_' || n || '.png',
       gen_random_uuid(), gen_random_uuid(), now(), now(), now() - n * interval '1 second', 'bench', 'none',
       lpad(to_hex(n), 64, '0'), 256, 256, 'RGBA', '{"engine": "unity"}', 'bench', $2, 'int8', true, 'bench', '1', $2
FROM generate_series($4::integer, $1 - 1) AS n
"""
# The n-th of the category's tags is about as frequent as 1/n, and confidences lie where a calibrated model puts them.
_TAGS: Final = """
INSERT INTO drawn_tags
SELECT DISTINCT ON (asset_id, tag) asset_id, $1, $1 || '_' || floor($2 ^ random())::integer AS tag,
       CASE WHEN $4 <> 'pixels' THEN 0.2 + 0.8 * random() ^ 1.5 WHEN random() < 0.5 THEN 1 ELSE random() END, $4
FROM assets, generate_series(1, $3) WHERE random() < $5
"""
# The tags of a texture lie together, as the sink writes them.
_TOGETHER: Final = """
INSERT INTO asset_tags (asset_id, category, tag, confidence, source_model)
SELECT * FROM drawn_tags ORDER BY asset_id
"""
_TAG_NAMES: Final = """
UPDATE assets SET tag_names = named.tags, guess = named.guess
FROM (
    SELECT asset_id, array_agg(DISTINCT tag) AS tags, max(confidence) FILTER (WHERE source_model = 'bench') AS guess
    FROM asset_tags GROUP BY asset_id
) AS named
WHERE named.asset_id = assets.asset_id
"""


# Of three to twelve letters.
_NAME_WORDS: Final = """
INSERT INTO name_words
SELECT unnest($1::text[]) UNION
SELECT left(translate(md5(n::text), '0123456789', 'ghijklmnop'), 3 + n % 10) FROM generate_series(1, $2::integer) AS n
ON CONFLICT DO NOTHING
"""
# What every so many-eth texture is of the next one, of the oldest share alone: few, many that were stored together long
# ago, and a fifth of all.
RELATIONS: Final = {"flipped": (20, 0.01), "cropped": (20, 0.2), "mip-of": (10, 1.0)}
_RELATED: Final = """
INSERT INTO texture_relations
SELECT lpad(to_hex(n + side), 64, '0'), lpad(to_hex(n + 1 - side), 64, '0'), $1, (ARRAY['this', 'other'])[1 + side]
FROM generate_series($2::integer, $3::integer, $4::integer) AS n CROSS JOIN generate_series(0, 1) AS side
ON CONFLICT DO NOTHING
"""

# Those that have a picture: their content is that of the object.
_PICTURED: Final = """
UPDATE assets SET sha256 = hash, object_key = key, width = 512, height = 512
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS pictured (hash, key, place)
WHERE sha256 = lpad(to_hex(place - 1), 64, '0')
"""


async def make_library(
    connection: DatabaseConnection,
    textures: int,
    embedded: int,
    model_digest: str,
    pictured: Sequence[str],
    *,
    times_the_tags: int = 1,
) -> None:
    """Fill new tables: the first ``embedded`` textures have embeddings in an HNSW index, the newest ones pictures.

    ``pictured`` are the hashes of the pictures, PNGs, of the newest textures; others are told to be each other again. A
    texture has six tags, or about ``times_the_tags`` as many: one that is drawn twice counts once.
    """
    await migrate(connection)
    session = await connect(connection, command_seconds=None)
    try:
        await session.execute(
            "SET statement_timeout = 0; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'"
        )
        await session.execute(_ASSETS, textures, model_digest, list(_NAMES), 0)
        for relation, (step, share) in RELATIONS.items():
            first = round(textures * (1 - share)) // step * step
            await session.execute(_RELATED, relation, max(first, len(pictured)), textures - 2, step)
        await session.execute(_NAME_WORDS, ["game", "textures", "png", *_NAMES], _OTHER_WORDS)
        await session.execute(_PICTURED, pictured, [object_key(digest, "png") for digest in pictured])
        await session.execute(
            "CREATE TEMPORARY TABLE drawn_tags AS "
            "SELECT asset_id, category, tag, confidence, source_model FROM asset_tags WITH NO DATA"
        )
        for source, categories in (("bench", _GUESSED), ("pixels", _MEASURED)):
            for category, tags, each, share in categories:
                await session.execute(_TAGS, category, float(tags), each * times_the_tags, source, share)
        await session.execute(_TOGETHER)
        await session.execute("DROP TABLE drawn_tags")
        await session.execute(_TAG_NAMES)
        await _embed(session, embedded, model_digest, pictured)
        await create_index(session, model_digest, DIM)
        await session.execute("VACUUM (FULL, ANALYZE) assets")
        await session.execute("VACUUM (ANALYZE) asset_tags")
        await session.execute("VACUUM (ANALYZE) texture_relations")
        await session.execute("VACUUM (ANALYZE) name_words")
        await session.execute("ANALYZE embeddings")
    finally:
        await session.close()


async def _embed(session: Any, embedded: int, model_digest: str, pictured: Sequence[str]) -> None:
    await register_vector(session, schema="public")
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(_CENTRES, DIM))
    for start in range(0, embedded, _AT_ONCE):
        count = min(_AT_ONCE, embedded - start)
        vectors = centres[rng.integers(0, _CENTRES, count)] + 0.6 * rng.normal(size=(count, DIM))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = [
            (
                pictured[number] if number < len(pictured) else f"{number:064x}",
                model_digest,
                HalfVector(vector.astype(np.float16)),
            )
            for number, vector in enumerate(vectors, start)
        ]
        await session.copy_records_to_table("embeddings", records=rows, columns=["sha256", "model_digest", "embedding"])
