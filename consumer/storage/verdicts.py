"""What people say about tags: kept apart from the models' tags, and never replaced by them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from consumer.storage.errors import DatabaseError
from consumer.storage.pg_errors import pg_errors_translated

if TYPE_CHECKING:
    from consumer.storage.database import Connection


class Verdict(StrEnum):
    """A person's word on one tag of one asset."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    ADDED = "added"


class VerdictError(DatabaseError):
    """The verdict speaks of something that is not there, or not clearly; one sentence says what to add."""


_RECORD: Final = """
INSERT INTO asset_tags AS said (asset_id, category, tag, source, confidence, verdict, decided_by, decided_at)
VALUES ($1, $2, $3, 'human', $4, $5, $6, now())
ON CONFLICT (asset_id, category, tag, source) DO UPDATE
SET confidence = EXCLUDED.confidence, verdict = EXCLUDED.verdict,
    decided_by = EXCLUDED.decided_by, decided_at = EXCLUDED.decided_at
"""
_WITHDRAW: Final = """
DELETE FROM asset_tags WHERE asset_id = $1 AND category = $2 AND tag = $3 AND source = 'human' RETURNING verdict
"""
_CATEGORIES: Final = "SELECT DISTINCT category FROM asset_tags WHERE asset_id = $1 AND tag = $2 ORDER BY category"


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


async def withdraw_verdict(session: Connection, asset_id: str, category: str, tag: str) -> None:
    """Forget what was said of a tag, so that the model's word counts again.

    Raises:
        VerdictError: nobody said anything of it.
        DatabaseUnavailableError: try again.

    """
    with pg_errors_translated():
        withdrawn = await session.fetchval(_WITHDRAW, asset_id, category, tag)
    if withdrawn is None:
        raise VerdictError(f"nobody has said anything of {tag} of {asset_id!r}")


async def category_of(session: Connection, asset_id: str, tag: str) -> str:
    """Return the category in which an asset has a tag.

    Raises:
        VerdictError: no such asset or tag, or it stands in several categories.
        DatabaseUnavailableError: try again.

    """
    with pg_errors_translated():
        stored = await session.fetchval("SELECT EXISTS (SELECT FROM assets WHERE asset_id = $1)", asset_id)
        found = [str(row["category"]) for row in await session.fetch(_CATEGORIES, asset_id, tag)]
    if not stored:
        raise VerdictError(f"no asset {asset_id!r} is stored; aegis search --text finds ids")
    if not found:
        raise VerdictError(f"{asset_id!r} has no tag {tag}: say of which category it is, --category …")
    if len(found) > 1:
        raise VerdictError(f"{asset_id!r} has {tag} in {' and '.join(found)}: say which, --category …")
    return found[0]
