"""What one stored texture is of others, as the comparer found it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from consumer.storage.tables.reads import TagReader

_KEEP: Final = """
INSERT INTO {schema}.texture_relations (sha256, other_sha256, relation, said_of)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS told (sha256, other_sha256, relation, said_of)
ORDER BY sha256, other_sha256
ON CONFLICT (sha256, other_sha256) DO UPDATE SET relation = excluded.relation, said_of = excluded.said_of
"""
_OF_ASSET: Final = """
SELECT other_asset_id AS asset_id, sha256, relation, said_of FROM {schema}.asset_relations
WHERE asset_id = $1 ORDER BY relation <> 'identical', other_asset_id LIMIT $2
"""


class Told(NamedTuple):
    """What was found of another content; ``of_this``: the relation is said of the one that was compared."""

    other_sha256: str
    relation: str
    of_this: bool


@dataclass(frozen=True, slots=True)
class RelatedAsset:
    """Another asset that is the same texture; ``said_of`` is "this" where the asset that was asked for is it."""

    asset_id: str
    sha256: str
    relation: str
    said_of: Literal["this", "other"]


async def keep_relations(reader: TagReader, sha256: str, found: Sequence[Told]) -> None:
    """Store what a content is of others, both ways; what is stored of a pair is replaced. Raises DatabaseError."""
    if not found:
        return
    rows = [(sha256, item.other_sha256, item.relation, _subject(item.of_this)) for item in found]
    rows += [(item.other_sha256, sha256, item.relation, _subject(not item.of_this)) for item in found]
    async with reader.session() as session, session.transaction():
        # In one order, so that two comparers never wait for each other.
        await session.execute(session.sql(_KEEP), *map(list, zip(*sorted(rows), strict=True)))


async def related_assets(reader: TagReader, asset_id: str, limit: int) -> list[RelatedAsset]:
    """Return at most so many other assets that are the same texture, those of equal content first.

    Pairs that a person rejected are left out. Raises DatabaseError.
    """
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_OF_ASSET), asset_id, limit)
    return [RelatedAsset(**row) for row in rows]


def _subject(of_this: bool) -> str:
    return "this" if of_this else "other"
