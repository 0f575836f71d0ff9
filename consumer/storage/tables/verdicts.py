"""What people say about tags, as the sink stores it: every word is kept, and the newest on each tag holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from schemas import AssetReviewed
from schemas.headers import SourcePlace

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection


class VerdictRow(NamedTuple):
    """One word of a person, and where its record lies on asset-reviewed."""

    event_id: UUID
    asset_id: str
    category: str
    tag: str
    word: str
    settles: bool
    decided_by: str
    decided_at: datetime
    source_partition: int
    source_offset: int


# Two sinks must not both find the newest word without seeing the other's: they take turns.
_IN_TURN: Final = "SELECT pg_advisory_xact_lock('{schema}.verdicts'::regclass::oid::bigint)"

# An event that was written twice counts from where it lies first, in whatever order the two records arrive. Whether a
# word of before they were events settles its category is known only since it was published.
JOINED_WORDS: Final = """
ON CONFLICT (event_id) DO UPDATE
SET source_partition = EXCLUDED.source_partition, source_offset = EXCLUDED.source_offset, settles = EXCLUDED.settles
WHERE known.source_offset IS NULL
   OR (known.source_partition = EXCLUDED.source_partition AND known.source_offset > EXCLUDED.source_offset)
"""
_KEEP: Final = f"""
INSERT INTO {{schema}}.verdicts AS known
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[],
                     $8::timestamptz[], $9::integer[], $10::bigint[])
{JOINED_WORDS}
"""  # noqa: S608 - SQL of our own
_TOUCHED: Final = (
    "(SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[]) AS named (asset_id, category, tag)) AS touched"
)
_CLEAR: Final = f"""
DELETE FROM {{schema}}.asset_tags AS said USING {_TOUCHED}
WHERE said.source = 'human' AND said.asset_id = touched.asset_id AND said.category = touched.category
  AND said.tag = touched.tag
"""  # noqa: S608 - SQL of our own


def newest_words(schema: str, among: str = "") -> str:
    """Return the statement that puts into asset_tags what holds of each tag of which something was said.

    Places of two partitions, as after partitions were added, cannot be compared: times decide between their last words.
    """
    return f"""
INSERT INTO {schema}.asset_tags
    (asset_id, category, tag, source, confidence, verdict, settles, decided_by, decided_at)
SELECT asset_id, category, tag, 'human', CASE word WHEN 'rejected' THEN 0 ELSE 1 END, word, settles, decided_by,
       decided_at
FROM (
    SELECT DISTINCT ON (asset_id, category, tag) * FROM (
        SELECT DISTINCT ON (asset_id, category, tag, source_partition) * FROM {schema}.verdicts {among}
        ORDER BY asset_id, category, tag, source_partition, source_offset DESC, decided_at DESC, event_id
    ) AS last
    ORDER BY asset_id, category, tag, source_partition IS NULL, decided_at DESC, event_id
) AS newest
WHERE word <> 'withdrawn'
"""  # noqa: S608 - SQL of our own


_HOLD: Final = newest_words("{schema}", f"JOIN {_TOUCHED} USING (asset_id, category, tag)")


def verdict_row(event: AssetReviewed, place: SourcePlace, decided_at: datetime) -> VerdictRow:
    """Return the event as the tables hold it; ``place`` is its record's on asset-reviewed."""
    verdict = event.verdict
    return VerdictRow(
        event.event_id,
        event.asset_id,
        verdict.category,
        verdict.tag,
        verdict.word.value,
        verdict.settles,
        event.by,
        decided_at,
        place.partition,
        place.offset,
    )


def each_once(rows: Iterable[VerdictRow]) -> tuple[VerdictRow, ...]:
    """Return the rows without those that repeat an event, of which the first record counts; sorted by asset."""
    first: dict[UUID, VerdictRow] = {}
    for row in rows:
        known = first.get(row.event_id)
        if known is None or row.source_offset < known.source_offset:
            first[row.event_id] = row
    return tuple(sorted(first.values(), key=lambda row: (row.asset_id, row.source_partition, row.source_offset)))


async def store_verdicts(session: Connection, rows: Sequence[VerdictRow]) -> None:
    """Keep these words, and let the newest on each of their tags hold; within a transaction of the caller's.

    The rows are of different events, see :func:`each_once`. Storing again changes nothing.
    """
    await session.execute(session.sql(_IN_TURN))
    await session.execute(session.sql(_KEEP), *map(list, zip(*rows, strict=True)))
    tags = [[row.asset_id for row in rows], [row.category for row in rows], [row.tag for row in rows]]
    await session.execute(session.sql(_CLEAR), *tags)
    await session.execute(session.sql(_HOLD), *tags)
