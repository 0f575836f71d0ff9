"""What looks alike: the stored embeddings nearest to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector

from consumer.storage.embeddings import index_condition
from consumer.storage.pg_errors import pg_errors_translated
from consumer.storage.reads import AssetSummary, TagReader

# The index is asked for more than is shown: equal textures share one embedding, and removed assets leave theirs.
_ASKED_FOR_EACH: Final = 4
_MIN_ASKED: Final = 40


@dataclass(frozen=True, slots=True)
class LikeQuery:
    """``embedding`` is of shape ``[dim]``; only embeddings of the same model are compared with it."""

    embedding: npt.NDArray[np.floating]
    model_digest: str
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Similar:
    """An asset and the cosine of the angle between its embedding and the query's."""

    similarity: float
    asset: AssetSummary


async def like(reader: TagReader, query: LikeQuery) -> list[Similar]:
    """Return the assets most alike, best first.

    Raises:
        DatabaseUnavailableError: the database does not answer.
        ValueError: ``model_digest`` is no digest.

    """
    dim = int(query.embedding.shape[0])
    asked = max(_MIN_ASKED, query.limit * _ASKED_FOR_EACH)
    vector = f"embedding::public.halfvec({dim:d})"
    statement = f"""
        SELECT asset_id, 1 - distance AS similarity FROM (
            SELECT sha256, {vector} <=> $1::public.halfvec({dim:d}) AS distance FROM embeddings
            WHERE {index_condition(query.model_digest, dim)}
            ORDER BY {vector} <=> $1::public.halfvec({dim:d}) LIMIT {asked:d}
        ) AS nearest JOIN assets USING (sha256)
        ORDER BY distance, asset_id LIMIT {query.limit:d}
    """  # noqa: S608 - numbers, and a digest that was checked
    with pg_errors_translated():
        async with reader.session() as session, session.transaction():
            # Beyond this many candidates the index gives nothing.
            await session.execute(f"SET LOCAL hnsw.ef_search = {min(asked, 1000):d}")
            rows = await session.fetch(statement, HalfVector(query.embedding.astype(np.float16)))
    assets = await reader.summaries([row["asset_id"] for row in rows])
    return [Similar(row["similarity"], assets[row["asset_id"]]) for row in rows if row["asset_id"] in assets]
