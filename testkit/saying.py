"""People's words put into the tables as the sink puts them there, without an event."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from consumer.storage.tables.verdicts import VerdictRow, store_verdicts
from schemas import Word, utc_now

_OFFSETS = itertools.count()


def word_row(asset_id: str, category: str, tag: str, word: Word, **fields: Any) -> VerdictRow:
    """Return the row of a word that was said after all others of this run, unless the fields say otherwise."""
    return VerdictRow(
        **{
            "event_id": uuid.uuid4(),
            "asset_id": asset_id,
            "category": category,
            "tag": tag,
            "word": word.value,
            "settles": False,
            "decided_by": "anna",
            "decided_at": utc_now(),
            "source_partition": 0,
            "source_offset": next(_OFFSETS),
            **fields,
        }
    )


async def say(session: Any, asset_id: str, category: str, tag: str, word: Word, **fields: Any) -> None:
    """Store one word in a transaction of its own; ``fields`` are those of :func:`word_row`."""
    async with session.transaction():
        await store_verdicts(session, [word_row(asset_id, category, tag, word, **fields)])
