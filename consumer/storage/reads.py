"""Reading tags back: one asset, a search, and what looks alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from consumer.storage.database import close_pool, open_pool
from consumer.storage.pg_errors import pg_errors_translated
from consumer.storage.schema_version import check_schema
from schemas.connections import DatabaseConnection

if TYPE_CHECKING:
    from consumer.storage.database import Connection, Pool

_TOP_TAGS: Final = 6


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
    """An asset and its surest tags, highest first."""

    asset_id: str
    bucket: str
    object_key: str
    width: int
    height: int
    tags: tuple[CurrentTag, ...]


@dataclass(frozen=True, slots=True)
class AssetDetail:
    """Everything the tables know of one asset; ``fields`` are the columns of its row."""

    fields: dict[str, Any]
    tags: tuple[CurrentTag, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page of a search ended: pass it on to get the next one."""

    confidence: float
    asset_id: str


@dataclass(frozen=True, slots=True)
class TagQuery:
    """What to look for: assets with all of ``tags``, in ``category``, whose id contains ``text`` (any case)."""

    tags: tuple[str, ...] = ()
    category: str | None = None
    min_confidence: float = 0.0
    text: str | None = None
    limit: int = 20
    after: Page | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """An asset that a search found; ``confidence`` is that of the best tag which matched."""

    confidence: float
    asset: AssetSummary

    @property
    def page(self) -> Page:
        return Page(self.confidence, self.asset.asset_id)


_TAGS_OF: Final = f"""
SELECT asset_id, category, tag, confidence, source, source_model, verdict FROM (
    SELECT *, row_number() OVER (PARTITION BY asset_id ORDER BY confidence DESC, category, tag) AS place
    FROM current_tags WHERE asset_id = ANY($1::text[])
) AS ranked WHERE place <= {_TOP_TAGS} ORDER BY asset_id, place
"""  # noqa: S608 - a number of our own


class TagReader:
    """Reads the tables; every call raises DatabaseUnavailableError when the database does not answer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, connection: DatabaseConnection) -> Self:
        """Connect; raises SchemaTooOldError, SchemaTooNewError or DatabaseUnavailableError."""
        await check_schema(connection)
        return cls(await open_pool(connection))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await close_pool(self._pool)

    def session(self) -> AbstractAsyncContextManager[Connection]:
        """Lend one connection, for statements that belong together."""
        lent: AbstractAsyncContextManager[Connection] = self._pool.acquire()
        return lent

    async def asset(self, asset_id: str) -> AssetDetail | None:
        """Return what is known of one asset, None for one that is not stored."""
        with pg_errors_translated():
            row = await self._pool.fetchrow("SELECT * FROM assets WHERE asset_id = $1", asset_id)
            if row is None:
                return None
            tags = await self._pool.fetch(
                "SELECT * FROM current_tags WHERE asset_id = $1 ORDER BY confidence DESC, category, tag", asset_id
            )
        fields = dict(row)
        fields["source"] = None if row["source"] is None else json.loads(row["source"])
        return AssetDetail(fields, tuple(_current_tag(tag) for tag in tags))

    async def search(self, query: TagQuery) -> list[Match]:
        """Return one page of matches, surest first."""
        statement, arguments = search_statement(query)
        with pg_errors_translated():
            found = await self._pool.fetch(statement, *arguments)
        # One tag may stand in two categories: its asset is still one match, the surer.
        confidences = {row["asset_id"]: row["confidence"] for row in reversed(found)}
        ordered = list(dict.fromkeys(row["asset_id"] for row in found))
        assets = await self.summaries(ordered)
        return [Match(confidences[asset_id], assets[asset_id]) for asset_id in ordered if asset_id in assets]

    async def summaries(self, asset_ids: Sequence[str]) -> dict[str, AssetSummary]:
        """Return the assets of these ids that are stored."""
        with pg_errors_translated():
            rows = await self._pool.fetch(
                "SELECT asset_id, bucket, object_key, width, height FROM assets WHERE asset_id = ANY($1::text[])",
                asset_ids,
            )
            tags: dict[str, list[CurrentTag]] = {}
            for row in await self._pool.fetch(_TAGS_OF, asset_ids):
                tags.setdefault(row["asset_id"], []).append(_current_tag(row))
        return {row["asset_id"]: AssetSummary(**dict(row), tags=tuple(tags.get(row["asset_id"], ()))) for row in rows}


def search_statement(query: TagQuery) -> tuple[str, list[object]]:
    """Return the SQL of a search and its arguments; with a tag given, the index on (tag, confidence) leads it."""
    arguments: list[object] = []

    def placeholder(value: object) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    conditions = [f"confidence >= {placeholder(query.min_confidence)}::real"]
    if query.tags:
        conditions.append(f"tag = {placeholder(query.tags[0])}")
    if query.category is not None:
        conditions.append(f"category = {placeholder(query.category)}")
    if query.text is not None:
        conditions.append(f"asset_id ILIKE {placeholder(f'%{_like_escaped(query.text)}%')}")
    conditions.extend(
        "EXISTS (SELECT FROM current_tags AS also WHERE also.asset_id = found.asset_id "
        f"AND also.tag = {placeholder(tag)} AND also.confidence >= $1::real)"
        for tag in query.tags[1:]
    )
    # With a tag there is one row an asset, and the index gives them in order; without one, the best of several counts.
    grouping = "asset_id, confidence" if query.tags else "asset_id, max(confidence) AS confidence"
    best = (
        f"SELECT {grouping} FROM current_tags AS found "  # noqa: S608 - placeholders
        f"WHERE {' AND '.join(conditions)}{'' if query.tags else ' GROUP BY asset_id'}"
    )
    after = ""
    if query.after is not None:
        confidence, asset_id = placeholder(query.after.confidence), placeholder(query.after.asset_id)
        after = f"WHERE confidence < {confidence}::real OR (confidence = {confidence}::real AND asset_id > {asset_id}) "
    statement = (
        f"SELECT asset_id, confidence FROM ({best}) AS matched {after}"  # noqa: S608 - placeholders
        f"ORDER BY confidence DESC, asset_id LIMIT {placeholder(query.limit)}"
    )
    return statement, arguments


def _like_escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _current_tag(row: Any) -> CurrentTag:
    return CurrentTag(
        category=row["category"],
        tag=row["tag"],
        confidence=round(row["confidence"], 6),
        source=row["source"],
        source_model=row["source_model"],
        verdict=row["verdict"],
    )
