"""Assets that have all of some tags, surest of the first one first: looked for in the way that costs least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from consumer.storage.tables.duplicates.again import told_assets
from consumer.storage.tables.search.filters import Arguments
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
# Of assets that bear all of the tags, or have a relation, so many are gathered and then sorted; where there are more,
# the surest soon lead to enough of them.
MOST_GATHERED: Final = 3000


async def with_tags(session: Connection, query: TagQuery) -> list[Any]:
    """Return asset_id and confidence of one page of assets that have all of the query's tags; raises DatabaseError."""
    if query.where.relation is not None:
        told = Arguments()
        gathered = await _gathered(session, told_assets(told, query.where.relation), told.values)
        if gathered is not None:
            return await _surest(session, query, gathered)
    return await (_with_all_of(session, query) if len(query.tags) > 1 else _surest(session, query))


async def _with_all_of(session: Connection, query: TagQuery) -> list[Any]:
    looked_at = max(2 * LOOKED_AT // len(query.tags), 2 * query.limit)
    statement, arguments = among_surest_statement(query, looked_at)
    rows: list[Any] = await session.fetch(session.sql(statement), *arguments)
    found = sum(row["by_model"] for row in rows)
    if found == query.limit:
        return rows
    gathered = None
    if found * _TIMES_AS_MANY < query.limit:
        gathered = await _gathered(session, bearing("$1"), [list(query.tags)])
    return await _surest(session, query, gathered)


async def _surest(session: Connection, query: TagQuery, gathered: Sequence[str] | None = None) -> list[Any]:
    """Look among those that were gathered, or else from the surest of the first tag on."""
    statement, arguments = search_statement(query) if gathered is None else gathered_statement(query, gathered)
    rows: list[Any] = await session.fetch(session.sql(statement), *arguments)
    return rows


async def _gathered(session: Connection, statement: str, arguments: Sequence[object]) -> list[str] | None:
    """Return the ids that a statement gives, None where there are too many to gather."""
    rows = await session.fetch(session.sql(f"{statement} LIMIT {MOST_GATHERED + 1}"), *arguments)
    return None if len(rows) > MOST_GATHERED else [row["asset_id"] for row in rows]
