"""Searching by tags, as SQL: led by the surest of a tag, or by the index on the names of all tags of an asset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consumer.storage.tables.duplicates.again import is_told
from consumer.storage.tables.search.filters import EVERYTHING, Arguments, SearchFilter, like_escaped
from consumer.storage.tables.search.holding import among_surest, assets_with, has_tag

_NAMES_OF_FOUND: Final = "(SELECT asset.tag_names FROM {schema}.assets AS asset WHERE asset.asset_id = found.asset_id)"


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page of a search ended: pass it on to get the next one."""

    confidence: float
    asset_id: str


@dataclass(frozen=True, slots=True)
class TagQuery:
    """What to look for: assets with all of ``tags``, in ``category``, whose id contains ``text`` (any case).

    The surest come first. Without ``tags`` and ``category`` the confidences of an asset do not matter, nor whether it
    has any tag, and they come in the order of their ids.
    """

    tags: tuple[str, ...] = ()
    category: str | None = None
    min_confidence: float = 0.0
    text: str | None = None
    limit: int = 20
    after: Page | None = None
    where: SearchFilter = EVERYTHING


def search_statement(query: TagQuery) -> tuple[str, list[object]]:
    """Return the SQL of a search, with ``{schema}`` in it, and its arguments.

    With a tag given, the index on (tag, confidence) leads it.
    """
    if not query.tags and query.category is None:
        return _by_asset(query)
    arguments = Arguments([query.min_confidence])
    after = _after(query, arguments)
    limit = arguments.add(query.limit)
    if query.tags:
        tag = arguments.add(query.tags[0])
        return assets_with(tag, [*_of_tags(query, arguments), *after], limit), arguments.values
    statement = (
        f"SELECT asset_id, confidence FROM ({_by_category(query, arguments)}) AS matched "  # noqa: S608 - placeholders
        f"{'WHERE ' if after else ''}{' AND '.join(after)} ORDER BY confidence DESC, asset_id LIMIT {limit}"
    )
    return statement, arguments.values


def among_surest_statement(query: TagQuery, looked_at: int) -> tuple[str, list[object]]:
    """Return the SQL of a search for several tags among so many of the surest of the first: see `among_surest`."""
    arguments = Arguments([query.min_confidence])
    tag, limit, surest = arguments.add(query.tags[0]), arguments.add(query.limit), arguments.add(looked_at)
    of_row = [*_of_row(query, arguments), *_after(query, arguments)]
    return among_surest(tag, of_row, _of_asset(query, arguments), limit, surest), arguments.values


def _after(query: TagQuery, arguments: Arguments) -> list[str]:
    """Return the conditions for what follows the page before; the first one leads the index there."""
    if query.after is None:
        return []
    confidence, asset_id = arguments.add(query.after.confidence), arguments.add(query.after.asset_id)
    return [f"confidence <= {confidence}::real", f"(confidence < {confidence}::real OR asset_id > {asset_id})"]


def _of_tags(query: TagQuery, arguments: Arguments) -> list[str]:
    return [*_of_row(query, arguments), *_of_asset(query, arguments)]


def _of_row(query: TagQuery, arguments: Arguments) -> list[str]:
    """Return the conditions on the tag by which an asset is found."""
    category = [] if query.category is None else [f"category = {arguments.add(query.category)}"]
    return ["confidence >= $1::real", *category]


def _of_asset(query: TagQuery, arguments: Arguments) -> list[str]:
    """Return the conditions on all else of an asset whose row goes by the name ``found``."""
    conditions = [] if query.text is None else [f"asset_id ILIKE {arguments.add(f'%{like_escaped(query.text)}%')}"]
    return [*conditions, *has_all(query.tags[1:], arguments), *query.where.of_found(arguments)]


def has_all(tags: Sequence[str], arguments: Arguments, names: str = _NAMES_OF_FOUND) -> list[str]:
    """Return the conditions that the asset of the row ``found`` has all of the tags now, each as sure as $1 or more.

    For a walk along many rows: a look at one row of the asset passes over nearly all that lack one of the tags, at a
    tenth of the cost of looking for each. ``names`` is where its ``tag_names`` are.
    """
    if not tags:
        return []
    each = " AND ".join(has_tag("found", f"tag = {arguments.add(tag)}", "$1") for tag in tags)
    return [f"CASE WHEN {_may_bear(arguments.add(list(tags)), names)} THEN {each} ELSE false END"]


def _may_bear(tags: str, names: str) -> str:
    """Return the condition that the asset of the row ``found`` is one of those of :func:`bearing`."""
    return (
        f"{names} @> {tags}::text[] OR (SELECT true FROM {{schema}}.asset_tags AS said "  # noqa: S608 - placeholders
        "WHERE said.source = 'human' AND said.asset_id = found.asset_id AND said.verdict <> 'rejected' "
        f"AND said.tag = ANY({tags}::text[]) LIMIT 1)"
    )


def _by_category(query: TagQuery, arguments: Arguments) -> str:
    # Of several tags of an asset the best counts.
    return (
        "SELECT asset_id, max(confidence) AS confidence FROM {schema}.current_tags AS found "  # noqa: S608 - placeholders
        f"WHERE {' AND '.join(_of_tags(query, arguments))} GROUP BY asset_id"
    )


def _by_asset(query: TagQuery) -> tuple[str, list[object]]:
    arguments = Arguments()
    conditions = query.where.conditions(arguments)
    if query.where.relation is not None:
        conditions.append(is_told(arguments, "asset", query.where.relation))
    if query.text is not None:
        conditions.append(f"asset.asset_id ILIKE {arguments.add(f'%{like_escaped(query.text)}%')}")
    if query.after is not None:
        conditions.append(f"asset.asset_id > {arguments.add(query.after.asset_id)}")
    # In the order of ids, so that what is shown can be found without a look at every asset's tags.
    page = (
        f"SELECT asset.asset_id FROM {{schema}}.assets AS asset WHERE {' AND '.join(conditions) or 'true'} "  # noqa: S608
        f"ORDER BY asset.asset_id LIMIT {arguments.add(query.limit)}"
    )
    surest = "SELECT max(best.confidence) FROM {schema}.current_tags AS best WHERE best.asset_id = page.asset_id"
    statement = (
        f"SELECT page.asset_id, coalesce(({surest}), 0)::real AS confidence FROM ({page}) AS page "  # noqa: S608
        "ORDER BY page.asset_id"
    )
    return statement, arguments.values


def bearing(tags: str) -> str:
    """Return SQL that gives the asset_id of all that may have all of the tags now, and of some that do not; some twice.

    ``tags`` is the placeholder of an array. They are those of which the model says so, and those of which people say so
    of one tag.
    """
    return (
        f"SELECT asset_id FROM {{schema}}.assets WHERE tag_names @> {tags}::text[] "  # noqa: S608 - placeholders
        "UNION ALL SELECT asset_id FROM {schema}.asset_tags "
        f"WHERE source = 'human' AND verdict <> 'rejected' AND tag = ANY({tags}::text[])"
    )


def gathered_statement(query: TagQuery, asset_ids: Sequence[str]) -> tuple[str, list[object]]:
    """Return the SQL of a search for several tags among these assets, with its arguments, as `search_statement`."""
    arguments = Arguments([query.min_confidence, list(asset_ids)])
    first = [f"tag = {arguments.add(query.tags[0])}", *_of_row(query, arguments), *_after(query, arguments)]
    # Sorted first, so that no more of them are probed than it takes.
    statement = f"""
        SELECT asset_id, confidence FROM (
            SELECT asset_id, confidence FROM {{schema}}.current_tags
            WHERE asset_id = ANY($2::text[]) AND {" AND ".join(first)} ORDER BY confidence DESC, asset_id OFFSET 0
        ) AS found WHERE {" AND ".join(_of_asset(query, arguments))}
        ORDER BY confidence DESC, asset_id LIMIT {arguments.add(query.limit)}
    """  # noqa: S608 - placeholders
    return statement, arguments.values
