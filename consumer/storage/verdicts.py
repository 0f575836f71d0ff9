"""What people say about tags: kept apart from the models' tags, and never replaced by them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from consumer.storage.pg_errors import pg_errors_translated

if TYPE_CHECKING:
    from consumer.storage.database import Connection


class Verdict(StrEnum):
    """A person's word on one tag of one asset."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    ADDED = "added"


_RECORD: Final = """
INSERT INTO asset_tags AS said (asset_id, category, tag, source, confidence, verdict, decided_by, decided_at)
VALUES ($1, $2, $3, 'human', $4, $5, $6, now())
ON CONFLICT (asset_id, category, tag, source) DO UPDATE
SET confidence = EXCLUDED.confidence, verdict = EXCLUDED.verdict,
    decided_by = EXCLUDED.decided_by, decided_at = EXCLUDED.decided_at
"""


async def record_verdict(
    session: Connection, asset_id: str, category: str, tag: str, verdict: Verdict, *, decided_by: str
) -> None:
    """Store a person's verdict, in place of an earlier one on the same tag.

    Raises:
        RowRejectedError: a name that PostgreSQL cannot hold.
        DatabaseUnavailableError: try again.

    """
    confidence = 0.0 if verdict is Verdict.REJECTED else 1.0
    with pg_errors_translated():
        await session.execute(_RECORD, asset_id, category, tag, confidence, verdict.value, decided_by)
