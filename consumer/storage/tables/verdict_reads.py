"""Reading what people said: how an asset stands, who said what and when, and what is not published yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from consumer.storage.tables.reads import TagReader
from schemas.headers import SourcePlace
from schemas.reviewed import DUPLICATE_OF


@dataclass(frozen=True, slots=True)
class TagOnRecord:
    """A row of asset_tags: what the model or, with a ``word``, a person says of a tag."""

    category: str
    tag: str
    confidence: float
    source_model: str | None
    word: str | None
    settles: bool


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """An asset with everything that is said of it; ``place`` is that of its extraction, None if it is not known."""

    asset_id: str
    place: SourcePlace | None
    tags: tuple[TagOnRecord, ...]


@dataclass(frozen=True, slots=True)
class PastVerdict:
    """One word of a person; ``is_published``: it lies on asset-reviewed."""

    event_id: UUID
    asset_id: str
    category: str
    tag: str
    word: str
    decided_by: str
    decided_at: datetime
    is_published: bool

    @property
    def page(self) -> HistoryPage:
        return HistoryPage(self.decided_at, self.event_id)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Where a page of a history ended."""

    decided_at: datetime
    event_id: UUID

    def __str__(self) -> str:
        return f"{self.decided_at.isoformat()}:{self.event_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the page of such a text; raises ValueError."""
        moment, _, event_id = text.rpartition(":")
        decided_at = datetime.fromisoformat(moment)
        if decided_at.tzinfo is None:
            raise ValueError("the moment has no time zone")
        return cls(decided_at, UUID(event_id))


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which words; what is None does not matter."""

    asset_id: str | None = None
    by: str | None = None
    limit: int = 100
    after: HistoryPage | None = None


_ASSETS: Final = """
SELECT asset_id, source_partition, source_offset FROM {schema}.assets WHERE asset_id = ANY($1::text[])
"""
_SAID_OF: Final = """
SELECT asset_id, category, tag, confidence, source_model, verdict, settles
FROM {schema}.asset_tags WHERE asset_id = ANY($1::text[])
"""
# Words on pairs of textures are not on tags.
_STANDING: Final = """
SELECT asset_id, category, tag, verdict FROM {schema}.asset_tags
WHERE source = 'human' AND category <> $1 ORDER BY asset_id
"""
_KNOWN: Final = "SELECT event_id FROM {schema}.verdicts WHERE event_id = ANY($1::uuid[])"
_COLUMNS: Final = (
    "event_id, asset_id, category, tag, word, decided_by, decided_at, source_offset IS NOT NULL AS is_published"
)
_HISTORY: Final = f"""
SELECT {_COLUMNS} FROM {{schema}}.verdicts
WHERE ($1::text IS NULL OR asset_id = $1) AND ($2::text IS NULL OR decided_by = $2)
  AND ($3::timestamptz IS NULL OR decided_at < $3 OR (decided_at = $3 AND event_id > $4::uuid))
ORDER BY decided_at DESC, event_id LIMIT $5
"""  # noqa: S608 - column names of our own
# Of a word that a published one replaced since, nobody must hear after it.
UNPUBLISHED: Final = """
said.source_offset IS NULL AND NOT EXISTS (
    SELECT FROM {schema}.verdicts AS newer
    WHERE newer.source_offset IS NOT NULL AND newer.asset_id = said.asset_id
      AND newer.category = said.category AND newer.tag = said.tag
)
"""
_UNPUBLISHED: Final = f"""
SELECT {_COLUMNS} FROM {{schema}}.verdicts AS said WHERE {UNPUBLISHED} ORDER BY decided_at, event_id
"""  # noqa: S608 - column names of our own


async def stored_assets(reader: TagReader, asset_ids: Collection[str]) -> dict[str, StoredAsset]:
    """Return those of these assets that are stored; raises DatabaseError."""
    # No stored text holds a NUL, and asking for one would be an error.
    storable = sorted(asset_id for asset_id in set(asset_ids) if "\x00" not in asset_id)
    async with reader.session() as session:
        places = {row["asset_id"]: _place(row) for row in await session.fetch(session.sql(_ASSETS), storable)}
        tags: dict[str, list[TagOnRecord]] = {asset_id: [] for asset_id in places}
        for row in await session.fetch(session.sql(_SAID_OF), list(places)):
            tags[row["asset_id"]].append(
                TagOnRecord(
                    row["category"],
                    row["tag"],
                    round(row["confidence"], 6),
                    row["source_model"],
                    row["verdict"],
                    row["settles"],
                )
            )
    return {asset_id: StoredAsset(asset_id, place, tuple(tags[asset_id])) for asset_id, place in places.items()}


async def known_events(reader: TagReader, event_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of these events that the sink has stored; raises DatabaseError."""
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_KNOWN), list(event_ids))
    return frozenset(row["event_id"] for row in rows)


async def history(reader: TagReader, query: HistoryQuery) -> list[PastVerdict]:
    """Return one page of what people said, newest first; raises DatabaseError."""
    after = query.after
    async with reader.session() as session:
        rows = await session.fetch(
            session.sql(_HISTORY),
            query.asset_id,
            query.by,
            after.decided_at if after else None,
            after.event_id if after else None,
            query.limit,
        )
    return [PastVerdict(**dict(row)) for row in rows]


async def standing_words(reader: TagReader) -> dict[str, dict[tuple[str, str], bool]]:
    """Return by asset and (category, tag) what people say now: True where the tag is right. Raises DatabaseError."""
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_STANDING), DUPLICATE_OF)
    words: dict[str, dict[tuple[str, str], bool]] = {}
    for row in rows:
        words.setdefault(row["asset_id"], {})[row["category"], row["tag"]] = row["verdict"] != "rejected"
    return words


async def unpublished(reader: TagReader) -> list[PastVerdict]:
    """Return what was said before words were events, oldest first; raises DatabaseError."""
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_UNPUBLISHED))
    return [PastVerdict(**dict(row)) for row in rows]


def _place(row: Any) -> SourcePlace | None:
    if row["source_partition"] is None or row["source_offset"] is None:
        return None
    return SourcePlace(row["source_partition"], row["source_offset"])
