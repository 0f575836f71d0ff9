"""Searching by tags, as SQL: led by the surest of a tag, or by the index on the names of all tags of an asset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consumer.storage.tables.duplicates.again import is_told
from consumer.storage.tables.search.filters import EVERYTHING, Arguments, SearchFilter, like_escaped
from consumer.storage.tables.search.holding import assets_with, has_tag

# Of assets that bear all of several tags so many are gathered and then sorted; where there are more, the surest of one
# tag soon lead to enough of them.
MOST_GATHERED: Final = 5000


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page of a search ended: pass it on to get the next one."""

    confidence: float
    asset_id: str


@dataclass(frozen=True, slots=True)
class TagQuery:
    """What to look for: assets with all of ``tags``, in ``category``, whose id contains ``text`` (any case).

    Without ``tags`` and ``category`` the confidences of an asset do not matter, nor whether it has any tag.
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
    arguments = Arguments([query.min_confidence])
    after = _after(query, arguments)
    limit = arguments.add(query.limit)
    if query.tags:
        tag = arguments.add(query.tags[0])
        return assets_with(tag, [*_of_tags(query, arguments), *after], limit), arguments.values
    best = _by_asset(query, arguments) if query.category is None else _by_category(query, arguments)
    statement = (
        f"SELECT asset_id, confidence FROM ({best}) AS matched {'WHERE ' if after else ''}{' AND '.join(after)} "  # noqa: S608
        f"ORDER BY confidence DESC, asset_id LIMIT {limit}"
    )
    return statement, arguments.values


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
    conditions += [has_tag("found", f"tag = {arguments.add(tag)}", "$1") for tag in query.tags[1:]]
    return [*conditions, *query.where.of_found(arguments)]


def _by_category(query: TagQuery, arguments: Arguments) -> str:
    # Of several tags of an asset the best counts.
    return (
        "SELECT asset_id, max(confidence) AS confidence FROM {schema}.current_tags AS found "  # noqa: S608 - placeholders
        f"WHERE {' AND '.join(_of_tags(query, arguments))} GROUP BY asset_id"
    )


def _by_asset(query: TagQuery, arguments: Arguments) -> str:
    conditions = ["$1::real IS NOT NULL", *query.where.conditions(arguments)]
    if query.where.relation is not None:
        conditions.append(is_told(arguments, "asset", query.where.relation))
    if query.text is not None:
        conditions.append(f"asset.asset_id ILIKE {arguments.add(f'%{like_escaped(query.text)}%')}")
    surest = "SELECT max(best.confidence) FROM {schema}.current_tags AS best WHERE best.asset_id = asset.asset_id"
    return (
        f"SELECT asset.asset_id, coalesce(({surest}), 0)::real AS confidence "  # noqa: S608 - placeholders
        f"FROM {{schema}}.assets AS asset WHERE {' AND '.join(conditions)}"
    )


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
