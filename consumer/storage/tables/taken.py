"""Ids that come from elsewhere with other bytes: the newer texture replaces the other, and is marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection

_OTHERS: Final = "(stored.sha256 <> staged.sha256 AND stored.source ->> 'belongs_to' <> staged.source ->> 'belongs_to')"
_MARK_TAKEN: Final = f"""
UPDATE pg_temp.staged_assets AS staged SET source = staged.source || jsonb_build_object('replaced',
    CASE WHEN {_OTHERS} THEN stored.source ->> 'belongs_to' ELSE stored.source ->> 'replaced' END)
FROM {{schema}}.assets AS stored
WHERE stored.asset_id = staged.asset_id AND ({_OTHERS} OR (
    stored.source ? 'replaced' AND stored.source ->> 'belongs_to' = staged.source ->> 'belongs_to'))
RETURNING staged.asset_id, staged.source ->> 'belongs_to' AS now, staged.source ->> 'replaced' AS earlier,
    {_OTHERS} AS is_taken
"""  # noqa: S608 - SQL of our own


class Taken(NamedTuple):
    """An id that came from elsewhere with other bytes; ``earlier`` and ``now``: whose it was and is (`belongs_to`)."""

    asset_id: str
    earlier: str
    now: str


OnTaken = Callable[[Sequence[Taken]], None]


async def mark_taken(session: Connection) -> list[Taken]:
    """Mark what is staged and takes the place of another source's texture, and return it.

    The mark, ``replaced`` in the source, stays for as long as the id comes from there.
    """
    rows = await session.fetch(session.sql(_MARK_TAKEN))
    return [Taken(row["asset_id"], row["earlier"], row["now"]) for row in rows if row["is_taken"]]
