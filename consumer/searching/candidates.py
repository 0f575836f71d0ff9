"""What looks so alike to the model that pixels are worth a comparison."""

from __future__ import annotations

from typing import Final

from consumer.storage.tables.duplicates.contents import Content, contents
from consumer.storage.tables.likeness import LikeQuery, nearest
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import EVERYTHING, SearchFilter
from consumer.storage.tables.textures import embedding_of

CANDIDATES: Final = 32
# A picture in a mirror, or in other colours, looks different to a model; pixels decide.
LEAST_SIMILARITY: Final = 0.7


async def alike(reader: TagReader, content: Content, where: SearchFilter = EVERYTHING) -> list[str]:
    """Return the ids of assets that the filter lets pass, those of this content among them; raises DatabaseError."""
    embedding = await embedding_of(reader, content.sha256, content.model_digest)
    if embedding is None:
        return []
    # Those of equal content are as near as can be, and not what is looked for.
    most = CANDIDATES + len(content.asset_ids)
    found = await nearest(reader, LikeQuery(embedding, content.model_digest, most, where))
    return [asset_id for asset_id, similarity in found.items() if similarity >= LEAST_SIMILARITY]


async def contents_of(reader: TagReader, asset_ids: list[str]) -> list[Content]:
    """Return the contents of these assets, each with those of them that have it; raises DatabaseError."""
    only = SearchFilter(asset_ids=tuple(asset_ids))
    return [content async for content in contents(reader, only)] if asset_ids else []
