"""What looks alike: the stored embeddings nearest to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector

from consumer.storage.tables.embeddings import index_condition
from consumer.storage.tables.reads import AssetSummary, TagReader
from consumer.storage.tables.search.filters import EVERYTHING, Arguments, SearchFilter

# With 80 of a million embeddings a fifth of the twenty nearest were missed; 240 cost a millisecond more.
_MIN_CANDIDATES: Final = 240
_MAX_CANDIDATES: Final = 1000
# Embeddings of contents that no asset has any more stay, to be used again. They are passed over within the scan, which
# goes on until there are enough (pgvector 0.8); what it may visit and keep for that is bounded by these.
_SCAN: Final = """
SELECT set_config(name, value, true) FROM (VALUES
    ('hnsw.iterative_scan', 'strict_order'), ('hnsw.max_scan_tuples', '1000000'), ('hnsw.scan_mem_multiplier', '16')
) AS wanted (name, value), pg_extension
WHERE extname = 'vector' AND string_to_array(regexp_replace(extversion, '[^0-9.]', '', 'g'), '.')::int[] >= '{0,8}'
"""


@dataclass(frozen=True, slots=True)
class LikeQuery:
    """``embedding`` is of shape ``[dim]``; only embeddings of the same model are compared with it.

    ``where``: which assets may be found at all.
    """

    embedding: npt.NDArray[np.floating]
    model_digest: str
    limit: int = 20
    where: SearchFilter = EVERYTHING


@dataclass(frozen=True, slots=True)
class Similar:
    """An asset and the cosine of the angle between its embedding and the query's."""

    similarity: float
    asset: AssetSummary


async def like(reader: TagReader, query: LikeQuery) -> list[Similar]:
    """Return the assets most alike with their tags, see :func:`nearest`."""
    similarities = await nearest(reader, query)
    assets = await reader.summaries(list(similarities))
    return [Similar(similarity, assets[found]) for found, similarity in similarities.items() if found in assets]


async def nearest(reader: TagReader, query: LikeQuery) -> dict[str, float]:
    """Return the ids of the assets most alike with their similarity, best first: as many as are asked for, or all.

    Raises:
        DatabaseUnavailableError: the database does not answer.
        ValueError: ``model_digest`` is no digest.

    """
    arguments = Arguments([HalfVector(query.embedding.astype(np.float16))])
    conditions = "".join(f" AND {condition}" for condition in query.where.conditions(arguments))
    by_index, by_all = (_statement(query, conditions, through_index=through) for through in (True, False))
    async with reader.session() as session, session.transaction():
        candidates = min(_MAX_CANDIDATES, max(_MIN_CANDIDATES, query.limit * 2))
        await session.execute(f"SET LOCAL hnsw.ef_search = {candidates:d}")
        await session.fetch(_SCAN)
        rows = await session.fetch(session.sql(by_index), *arguments.values)
        # An index is an approximation: many equal vectors hide what lies behind them. Then all are compared.
        if len(rows) < query.limit:
            rows = await session.fetch(session.sql(by_all), *arguments.values)
    return {row["asset_id"]: row["similarity"] for row in rows}


def _statement(query: LikeQuery, conditions: str, *, through_index: bool) -> str:
    dim = int(query.embedding.shape[0])
    distance = f"embedding::public.halfvec({dim:d}) OPERATOR(public.<=>) $1::public.halfvec({dim:d})"
    # Not EXISTS, which may become a join that the index does not lead. Sorted anew by likeness, because the index
    # measures normalised halves, a hair off.
    return f"""
        SELECT asset_id, 1 - distance AS similarity FROM (
            SELECT sha256, {distance} AS distance FROM {{schema}}.embeddings AS known
            WHERE {index_condition(query.model_digest, dim)}
              AND (SELECT true FROM {{schema}}.assets AS asset WHERE asset.sha256 = known.sha256{conditions} LIMIT 1)
            ORDER BY ({distance}){"" if through_index else " + 0"} LIMIT {query.limit:d}
        ) AS nearest JOIN {{schema}}.assets AS asset USING (sha256) WHERE true{conditions}
        ORDER BY similarity DESC, asset_id LIMIT {query.limit:d}
    """  # noqa: S608 - numbers, and a digest that was checked
