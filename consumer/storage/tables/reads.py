"""Reading tags back: one asset, a search, and what looks alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from consumer.storage.postgres.database import close_pool, lend, open_pool
from consumer.storage.postgres.schema_version import check_schema
from consumer.storage.tables.search.tag_query import Page, TagQuery, search_statement
from consumer.storage.tables.search.with_tags import with_tags
from schemas.connections import DatabaseConnection
from schemas.tagged import READING_ORDER

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection, Pool

# Categories that are not ours have no place, and come last.
_READING_ORDER: Final = (
    f"array_position(string_to_array('{' '.join(READING_ORDER)}', ' '), category), category, confidence DESC, tag"
)


@dataclass(frozen=True, slots=True)
class CurrentTag:
    """A tag that holds now; ``source`` is model or human."""

    category: str
    tag: str
    confidence: float
    source: str
    source_model: str | None
    verdict: str | None


@dataclass(frozen=True, slots=True)
class AssetSummary:
    """An asset and its tags, in reading order; ``findings`` by name, None where it was not looked over."""

    asset_id: str
    bucket: str
    object_key: str
    width: int
    height: int
    findings: tuple[str, ...] | None
    tags: tuple[CurrentTag, ...]


@dataclass(frozen=True, slots=True)
class AssetDetail:
    """Everything the tables know of one asset; ``fields`` are the columns of its row."""

    fields: dict[str, Any]
    tags: tuple[CurrentTag, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """An asset that a search found; ``confidence`` is that of the best tag which matched."""

    confidence: float
    asset: AssetSummary

    @property
    def page(self) -> Page:
        return Page(self.confidence, self.asset.asset_id)


_TAGS_OF: Final = f"""
SELECT * FROM {{schema}}.current_tags WHERE asset_id = ANY($1::text[]) ORDER BY asset_id, {_READING_ORDER}
"""  # noqa: S608 - names of our own
_ALL_TAGS_OF: Final = f"""
SELECT * FROM {{schema}}.current_tags WHERE asset_id = $1 ORDER BY {_READING_ORDER}
"""  # noqa: S608 - names of our own
_ASSETS: Final = """
SELECT asset_id, bucket, object_key, width, height, finding_names AS findings
FROM {schema}.assets WHERE asset_id = ANY($1::text[])
"""


class TagReader:
    """Reads the tables; every call raises DatabaseUnavailableError when the database does not answer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, connection: DatabaseConnection, *, writes: bool = False) -> Self:
        """Connect, with ``writes`` to a server that takes them.

        Raises:
            DatabaseSetupError: see :func:`check_schema`.
            DatabaseUnavailableError: the database does not answer.

        """
        await check_schema(connection, writes=writes)
        return cls(await open_pool(connection, writes=writes))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await close_pool(self._pool)

    def session(self) -> AbstractAsyncContextManager[Connection]:
        """Lend one connection, for statements that belong together."""
        return lend(self._pool)

    async def asset(self, asset_id: str) -> AssetDetail | None:
        """Return what is known of one asset, None for one that is not stored."""
        async with self.session() as session:
            row = await session.fetchrow(session.sql("SELECT * FROM {schema}.assets WHERE asset_id = $1"), asset_id)
            if row is None:
                return None
            tags = await session.fetch(session.sql(_ALL_TAGS_OF), asset_id)
        return AssetDetail(asset_fields(row), tuple(current_tag(tag) for tag in tags))

    async def search(self, query: TagQuery) -> list[Match]:
        """Return one page of matches, in the order of :class:`TagQuery`."""
        async with self.session() as session:
            if query.tags:
                rows = await with_tags(session, query)
            else:
                statement, arguments = search_statement(query)
                rows = await session.fetch(session.sql(statement), *arguments)
        # One tag may stand in two categories: its asset is still one match, the surer.
        confidences = {row["asset_id"]: row["confidence"] for row in reversed(rows)}
        ordered = list(dict.fromkeys(row["asset_id"] for row in rows))
        assets = await self.summaries(ordered)
        return [Match(confidences[asset_id], assets[asset_id]) for asset_id in ordered if asset_id in assets]

    async def summaries(self, asset_ids: Sequence[str]) -> dict[str, AssetSummary]:
        """Return the assets of these ids that are stored."""
        async with self.session() as session:
            rows = await session.fetch(session.sql(_ASSETS), asset_ids)
            tags: dict[str, list[CurrentTag]] = {}
            for row in await session.fetch(session.sql(_TAGS_OF), asset_ids):
                tags.setdefault(row["asset_id"], []).append(current_tag(row))
        return {row["asset_id"]: _summary(row, tags.get(row["asset_id"], ()), row["findings"]) for row in rows}


def _summary(row: Mapping[str, Any], tags: Sequence[CurrentTag], told: Sequence[str] | None) -> AssetSummary:
    return AssetSummary(**{**row, "findings": told if told is None else tuple(told)}, tags=tuple(tags))


def asset_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row of assets, the source as an object and the findings as objects."""
    fields = dict(row)
    # What names are searched by, not what is known.
    for searched_by in ("names", "finding_names", "tag_names", "guess"):
        del fields[searched_by]
    for name in ("source", "findings"):
        fields[name] = None if row[name] is None else json.loads(row[name])
    return fields


def current_tag(row: Any) -> CurrentTag:
    """Return a row of current_tags as a value."""
    return CurrentTag(
        category=row["category"],
        tag=row["tag"],
        confidence=round(row["confidence"], 6),
        source=row["source"],
        source_model=row["source_model"],
        verdict=row["verdict"],
    )
