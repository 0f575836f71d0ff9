"""The different contents of a library, each with the assets that have it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final

from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import Arguments, SearchFilter
from schemas.reviewed import DUPLICATE_OF

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Content:
    """One content: its ``asset_ids`` in order, where it is stored, and the model that looked at it."""

    sha256: str
    asset_ids: tuple[str, ...]
    bucket: str
    object_key: str
    size_bytes: int
    model_digest: str


_COLUMNS: Final = (
    "sha256, array_agg(asset_id ORDER BY asset_id) AS asset_ids, min(bucket) AS bucket, min(object_key) AS object_key, "
    "coalesce(max(size_bytes), 0)::bigint AS size_bytes, max(model_digest) AS model_digest"
)
_CONTENTS: Final = f"""
SELECT {_COLUMNS} FROM {{{{schema}}}}.assets AS asset WHERE {{conditions}}
GROUP BY sha256 ORDER BY sha256 LIMIT {{limit}}
"""  # noqa: S608 - column names of our own
_BY_HASH: Final = f"""
SELECT {_COLUMNS} FROM {{schema}}.assets WHERE sha256 = ANY($1::text[]) GROUP BY sha256 ORDER BY sha256
"""  # noqa: S608 - as above

_APART: Final = """
SELECT asset.sha256 AS one, said.tag AS other
FROM {schema}.asset_tags AS said JOIN {schema}.assets AS asset USING (asset_id)
WHERE said.source = 'human' AND said.category = $1 AND said.verdict = 'rejected'
"""
# Said of one of the two, with the other's content as its tag.
_APART_FROM: Final = """
SELECT said.tag AS other FROM {schema}.assets AS asset JOIN {schema}.asset_tags AS said USING (asset_id)
WHERE asset.sha256 = $2 AND said.source = 'human' AND said.category = $1 AND said.verdict = 'rejected'
UNION
SELECT asset.sha256 FROM {schema}.asset_tags AS said JOIN {schema}.assets AS asset USING (asset_id)
WHERE said.tag = $2 AND said.source = 'human' AND said.category = $1 AND said.verdict = 'rejected'
"""


async def judged_apart(reader: TagReader) -> frozenset[frozenset[str]]:
    """Return the pairs of contents of which a person said that they are no duplicates; raises DatabaseError."""
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_APART), DUPLICATE_OF)
    return frozenset(frozenset((row["one"], row["other"])) for row in rows)


async def contents(reader: TagReader, where: SearchFilter) -> AsyncIterator[Content]:
    """Yield every content of the assets that the filter lets pass, in the order of their hashes; raises DatabaseError.

    Between its pages no session is held, so that others may be asked meanwhile.
    """
    after = ""
    while True:
        arguments = Arguments()
        conditions = [f"asset.sha256 > {arguments.add(after)}", *where.conditions(arguments)]
        limit = arguments.add(_AT_ONCE)
        statement = _CONTENTS.format(conditions=" AND ".join(conditions), limit=limit)
        async with reader.session() as session:
            rows = await session.fetch(session.sql(statement), *arguments.values)
        for row in rows:
            yield Content(**{**row, "asset_ids": tuple(row["asset_ids"])})
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]["sha256"]


async def contents_by_hash(reader: TagReader, digests: Collection[str]) -> list[Content]:
    """Return those of these contents that assets have, each with all of its assets; raises DatabaseError."""
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_BY_HASH), sorted(digests))
    return [Content(**{**row, "asset_ids": tuple(row["asset_ids"])}) for row in rows]


async def judged_apart_from(reader: TagReader, sha256: str) -> frozenset[str]:
    """Return the contents of which a person said that they are no duplicates of this one; raises DatabaseError."""
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_APART_FROM), DUPLICATE_OF, sha256)
    return frozenset(row["other"] for row in rows)
