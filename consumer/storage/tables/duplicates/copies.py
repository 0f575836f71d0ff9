"""Contents that several assets have, noted by whoever stores assets, so that an index leads to them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection

# Scalar subqueries: a plan with a join, made while the tables were small, would read large ones whole.
_NOTE: Final = """
INSERT INTO {schema}.texture_relations (sha256, other_sha256, relation, said_of)
SELECT sha256, sha256, 'identical', 'this' FROM unnest($1::text[]) AS arrived (sha256)
WHERE (
    SELECT count(*) FROM (SELECT FROM {schema}.assets AS asset WHERE asset.sha256 = arrived.sha256 LIMIT 2) AS two
  ) = 2
  AND (
    SELECT true FROM {schema}.texture_relations AS told
    WHERE told.sha256 = arrived.sha256 AND told.other_sha256 = arrived.sha256
  ) IS NOT TRUE
ORDER BY sha256
ON CONFLICT (sha256, other_sha256) DO NOTHING
"""


async def note_copies(session: Connection, stored: Collection[str]) -> None:
    """Note which of these contents several assets have; asked for behind the commit of what has them.

    Of two who store one content at the same time, whoever asks later then sees both. Raises DatabaseError.
    """
    if stored:
        await session.execute(session.sql(_NOTE), sorted(stored))
