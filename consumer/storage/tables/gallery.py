"""The pages of a gallery: which textures stand on one, in which order, and what is shown of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from consumer.storage.tables.duplicates.again import among_told, told_newest
from consumer.storage.tables.reads import CurrentTag, TagReader, current_tag
from consumer.storage.tables.search.filters import EVERYTHING, Arguments, SearchFilter
from consumer.storage.tables.search.holding import IS_GUESS, assets_with, has_tag
from consumer.storage.tables.search.tag_query import bearing, has_all

# One that asks for more than an index gives ends here, long before it takes the server from the others.
_PATIENCE: Final = "SET LOCAL statement_timeout = '8s'"


class Sort(StrEnum):
    """The orders of a gallery; sure is the tag that is asked for, else the model's best guess.

    MOST_FINDINGS shows the textures that have any of severity note or worse.

    REVIEW, what is to be looked at first, is not an order of these tables: it is of the counts that are kept.
    """

    NEWEST = "newest"
    SUREST = "surest"
    LEAST_SURE = "least-sure"
    REVIEW = "review"
    MOST_FINDINGS = "most-findings"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the last texture's id and its value in the order, a confidence, a time or a number."""

    value: float | datetime
    asset_id: str


@dataclass(frozen=True, slots=True)
class GalleryQuery:
    """Textures that have each of ``tags`` with ``min_confidence`` or more; the rarest tag should come first.

    ``where`` is what else must hold. ``is_rare`` tells that textures with all of the tags are so few that gathering
    them costs less than walking from the newest on until there are enough, ``is_told_rarely`` the same of those with
    the relation, whatever the order.
    """

    tags: tuple[str, ...] = ()
    min_confidence: float = 0.0
    sort: Sort = Sort.NEWEST
    limit: int = 60
    after: Place | None = None
    is_rare: bool = True
    where: SearchFilter = EVERYTHING
    is_told_rarely: bool = True


@dataclass(frozen=True, slots=True)
class Card:
    """What a gallery shows of one texture."""

    asset_id: str
    sha256: str | None
    width: int
    height: int
    finding_names: Sequence[str]
    tags: tuple[CurrentTag, ...]


_CARDS: Final = """
SELECT asset_id, sha256, width, height, coalesce(finding_names, ARRAY[]::text[]) AS finding_names
FROM {schema}.assets WHERE asset_id = ANY($1::text[])
"""
_TAGS: Final = """
SELECT * FROM {schema}.current_tags WHERE asset_id = ANY($1::text[]) ORDER BY confidence DESC, category, tag
"""
# People said something of the category that the best guess, in assets.guess, is of.
_NOT_SETTLED: Final = f"""(
    SELECT true FROM {{schema}}.asset_tags AS said
    WHERE said.asset_id = found.asset_id AND said.source = 'human' AND said.category = (
        SELECT best.category FROM {{schema}}.asset_tags AS best
        WHERE best.asset_id = found.asset_id AND {IS_GUESS.format("best")}
        ORDER BY best.confidence DESC, best.category DESC, best.tag DESC LIMIT 1
    ) LIMIT 1
) IS NOT TRUE"""  # noqa: S608 - SQL of our own


async def gallery_page(reader: TagReader, query: GalleryQuery) -> list[Place]:
    """Return the textures of one page, in its order; raises DatabaseError."""
    statement, arguments = gallery_statement(query)
    async with reader.session() as session, session.transaction():
        await session.execute(_PATIENCE)
        rows = await session.fetch(session.sql(statement), *arguments)
    # One tag may stand in two categories: its texture still stands here once.
    places = {row["asset_id"]: Place(row["value"], row["asset_id"]) for row in reversed(rows)}
    return [places[asset_id] for asset_id in dict.fromkeys(row["asset_id"] for row in rows)]


async def cards(reader: TagReader, asset_ids: Sequence[str]) -> list[Card]:
    """Return what is shown of these textures, all their tags included, in the order of the ids."""
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_CARDS), asset_ids)
        tags: dict[str, list[CurrentTag]] = {}
        for row in await session.fetch(session.sql(_TAGS), asset_ids):
            tags.setdefault(row["asset_id"], []).append(current_tag(row))
    found = {row["asset_id"]: Card(**dict(row), tags=tuple(tags.get(row["asset_id"], ()))) for row in rows}
    return [found[asset_id] for asset_id in asset_ids if asset_id in found]


def gallery_statement(query: GalleryQuery) -> tuple[str, list[object]]:
    """Return the SQL of a page, with ``{schema}`` in it, and its arguments; an index gives its order.

    Raises:
        ValueError: the order is not one of these tables.

    """
    if query.sort is Sort.REVIEW:
        raise ValueError("the order of review is not one of the tables")
    arguments = Arguments([query.min_confidence])
    limit = arguments.add(query.limit)
    if query.sort is Sort.NEWEST:
        statement = f"{_newest(query, arguments)} LIMIT {limit}"
    elif query.sort is Sort.MOST_FINDINGS:
        statement = f"{_most_findings(query, arguments)} LIMIT {limit}"
    elif query.tags:
        statement = _by_tag(query, arguments, limit)
    else:
        statement = f"{_by_guess(query, arguments)} LIMIT {limit}"
    return statement, arguments.values


def _newest(query: GalleryQuery, arguments: Arguments) -> str:
    source, beyond = "{schema}.assets AS found", "true"
    conditions, gathered = ["$1::real IS NOT NULL"], True
    if query.after is not None:
        place = f"{arguments.add(query.after.value)}::timestamptz, {arguments.add(query.after.asset_id)}"
        beyond = f"(stored_at, asset_id) < ({place})"
    if query.where.relation is not None and query.is_told_rarely:
        source = f"({told_newest(arguments, query.where.relation, beyond)}) AS found"
        conditions += query.where.of_found(arguments)
    else:
        gathered = query.is_rare
        if query.tags and gathered:
            source = f"({_bearing(query, arguments)}) AS found"
        conditions += [*query.where.conditions(arguments, "found"), beyond]
    conditions += _probes(query.tags, arguments) if gathered else has_all(query.tags, arguments, "found.tag_names")
    return (
        f"SELECT asset_id, stored_at AS value FROM {source} WHERE {' AND '.join(conditions)} "  # noqa: S608
        "ORDER BY stored_at DESC, asset_id DESC"
    )


def _bearing(query: GalleryQuery, arguments: Arguments) -> str:
    """Return SQL for all that may have the tags, as an index has them; the few that it gives are probed as always."""
    tagged = (
        bearing(arguments.add(list(query.tags)))
        if len(query.tags) > 1
        else f"SELECT asset_id FROM {{schema}}.asset_tags "  # noqa: S608
        f"WHERE tag = {arguments.add(query.tags[0])} AND confidence >= $1::real"
    )
    return (
        "SELECT asset.asset_id, asset.stored_at, asset.finding_names, asset.sha256 "  # noqa: S608
        f"FROM (SELECT DISTINCT asset_id FROM ({tagged}) AS bearing OFFSET 0) AS tagged "
        "JOIN {schema}.assets AS asset USING (asset_id)"
    )


def _most_findings(query: GalleryQuery, arguments: Arguments) -> str:
    conditions = [
        "$1::real IS NOT NULL",
        # The index's own condition, and its order.
        "faults > 0",
        *has_all(query.tags, arguments, "found.tag_names"),
        *_told_first(query, arguments),
        *query.where.conditions(arguments, "found"),
    ]
    if query.after is not None:
        faults, asset_id = arguments.add(query.after.value), arguments.add(query.after.asset_id)
        conditions += [
            f"faults <= {faults}::float8::smallint",
            f"(faults < {faults}::float8::smallint OR asset_id > {asset_id})",
        ]
    return (
        "SELECT asset_id, faults::float8 AS value FROM {schema}.assets AS found "  # noqa: S608 - SQL of our own
        f"WHERE {' AND '.join(conditions)} ORDER BY faults DESC, asset_id"
    )


def _by_tag(query: GalleryQuery, arguments: Arguments, limit: str) -> str:
    conditions = [
        "confidence >= $1::real",
        *has_all(query.tags[1:], arguments),
        *_of_found(query, arguments),
        *_beyond(query, arguments),
    ]
    tagged = assets_with(
        arguments.add(query.tags[0]), conditions, limit, "surest" if query.sort is Sort.SUREST else "least-sure"
    )
    return f"SELECT asset_id, confidence AS value FROM ({tagged}) AS page {_by_confidence(query)}"  # noqa: S608


def _by_guess(query: GalleryQuery, arguments: Arguments) -> str:
    conditions = [
        "guess >= $1::real",
        *_told_first(query, arguments),
        *query.where.conditions(arguments, "found"),
        *_beyond(query, arguments, "guess"),
    ]
    if query.sort is Sort.LEAST_SURE:
        conditions.append(_NOT_SETTLED)
    return (
        "SELECT asset_id, guess AS value FROM {schema}.assets AS found "  # noqa: S608
        f"WHERE {' AND '.join(conditions)} {_by_confidence(query, 'guess')}"
    )


def _probes(tags: Sequence[str], arguments: Arguments) -> list[str]:
    return [has_tag("found", f"tag = {arguments.add(tag)}", "$1") for tag in tags]


def _of_found(query: GalleryQuery, arguments: Arguments) -> list[str]:
    return [*_told_first(query, arguments), *query.where.of_found(arguments)]


def _told_first(query: GalleryQuery, arguments: Arguments) -> list[str]:
    """Return the condition that lets an index of relations lead, where that gives few textures."""
    relation = query.where.relation
    return [among_told(arguments, "found", relation)] if relation is not None and query.is_told_rarely else []


def _beyond(query: GalleryQuery, arguments: Arguments, by: str = "confidence") -> list[str]:
    """Return the conditions for what follows the page before; the first one leads the index there."""
    if query.after is None:
        return []
    value, asset_id = arguments.add(query.after.value), arguments.add(query.after.asset_id)
    less, beyond = ("<", ">") if query.sort is Sort.SUREST else (">", "<")
    return [
        f"{by} {less}= {value}::real",
        f"({by} {less} {value}::real OR asset_id {beyond} {asset_id})",
    ]


def _by_confidence(query: GalleryQuery, by: str = "confidence") -> str:
    return f"ORDER BY {by} DESC, asset_id" if query.sort is Sort.SUREST else f"ORDER BY {by}, asset_id DESC"
