"""Assets that have all of several tags, surest of the first one first: looked for in the way that costs least."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from consumer.storage.tables.search.tag_query import (
    TagQuery,
    among_surest_statement,
    bearing,
    gathered_statement,
    search_statement,
)

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection

# Of the surest of the first of two tags so many are looked at before anything else: often enough of them have the
# other. The more tags, the seldomer.
LOOKED_AT: Final = 400
# Where a page needs no more than so many times as many looks, they cost less than the other way.
_TIMES_AS_MANY: Final = 6
# Of assets that bear all of the tags so many are gathered and then sorted; where there are more, the surest soon lead
# to enough of them.
MOST_GATHERED: Final = 3000


async def with_all_of(session: Connection, query: TagQuery) -> list[Any]:
    """Return asset_id and confidence of one page of assets that have all of several tags; raises DatabaseError."""
    looked_at = max(2 * LOOKED_AT // len(query.tags), 2 * query.limit)
    statement, arguments = among_surest_statement(query, looked_at)
    rows: list[Any] = await session.fetch(session.sql(statement), *arguments)
    found = sum(row["by_model"] for row in rows)
    if found == query.limit:
        return rows
    statement, arguments = search_statement(query)
    if found * _TIMES_AS_MANY < query.limit:
        bears = f"{bearing('$1')} LIMIT {MOST_GATHERED + 1}"
        gathered = [row["asset_id"] for row in await session.fetch(session.sql(bears), list(query.tags))]
        if len(gathered) <= MOST_GATHERED:
            statement, arguments = gathered_statement(query, gathered)
    every: list[Any] = await session.fetch(session.sql(statement), *arguments)
    return every
