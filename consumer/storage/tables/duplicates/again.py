"""Which assets are there again, and in what way: as a condition of SQL, from an index, and as counts.

A row of ``texture_relations`` is of contents: it holds for an asset while another asset has the other content, and
no person said that the two are apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection
    from consumer.storage.tables.search.filters import Arguments

ANY: Final = "any"

# Scalar subqueries, because the planner turns an EXISTS into a join that may read every asset of a content.
_APART: Final = """(
    SELECT true FROM {{schema}}.asset_tags AS said
    WHERE said.source = 'human' AND said.category = 'duplicate_of' AND said.verdict = 'rejected'
      AND said.tag = told.{tag}
      AND (SELECT one.sha256 FROM {{schema}}.assets AS one WHERE one.asset_id = said.asset_id) = told.{said_of} LIMIT 1
)"""
_NOT_APART: Final = (
    f"{_APART.format(tag='other_sha256', said_of='sha256')} IS NOT TRUE "
    f"AND {_APART.format(tag='sha256', said_of='other_sha256')} IS NOT TRUE"
)
_HOLDS: Final = f"""(
    SELECT true FROM {{schema}}.assets AS other
    WHERE other.sha256 = told.other_sha256 AND other.asset_id <> ASSET.asset_id LIMIT 1
) AND {_NOT_APART}"""  # noqa: S608 - SQL of our own

_COUNTS: Final = f"""
WITH held AS MATERIALIZED (
    SELECT sha256, count(*) AS assets FROM {{schema}}.assets
    WHERE sha256 IN (SELECT sha256 FROM {{schema}}.texture_relations) GROUP BY sha256
), holding AS MATERIALIZED (
    SELECT DISTINCT told.relation, told.sha256, one.assets
    FROM {{schema}}.texture_relations AS told
    JOIN held AS one ON one.sha256 = told.sha256
    JOIN held AS other ON other.sha256 = told.other_sha256
    WHERE (told.sha256 <> told.other_sha256 OR one.assets > 1) AND {_NOT_APART}
)
SELECT relation, sum(assets)::bigint AS assets FROM holding GROUP BY relation
UNION ALL
SELECT '{ANY}', sum(assets)::bigint FROM (SELECT DISTINCT sha256, assets FROM holding) AS contents
HAVING count(*) > 0
"""  # noqa: S608 - SQL of our own


def is_again(arguments: Arguments, asset: str, relation: str) -> str:
    """Return the condition that the row ``asset`` has a relation, or any."""
    return (
        f"(SELECT true FROM {{schema}}.texture_relations AS told WHERE told.sha256 = {asset}.sha256 "  # noqa: S608
        f"AND {_is_named(arguments, relation)} AND {_HOLDS.replace('ASSET', asset)} LIMIT 1)"
    )


def relations_of(asset: str) -> str:
    """Return SQL that gives the relations of the row ``asset`` as an array."""
    return (
        f"ARRAY(SELECT DISTINCT told.relation FROM {{schema}}.texture_relations AS told "  # noqa: S608
        f"WHERE told.sha256 = {asset}.sha256 AND {_HOLDS.replace('ASSET', asset)})"
    )


def told_newest(arguments: Arguments, relation: str, beyond: str) -> str:
    """Return SQL that gives asset_id and stored_at of all that are told to have the relation, the newest first.

    ``beyond``: a condition on both. Two indexes have all of it; whether a relation still holds is not asked.
    """
    told = f"{{schema}}.texture_relations AS told WHERE {_is_named(arguments, relation)}"
    return (
        f"SELECT asset.asset_id, asset.stored_at FROM (SELECT DISTINCT sha256 FROM {told}) AS told "  # noqa: S608
        f"JOIN {{schema}}.assets AS asset USING (sha256) WHERE {beyond} ORDER BY stored_at DESC, asset_id DESC OFFSET 0"
    )


def is_told(arguments: Arguments, asset: str, relation: str) -> str:
    """Return the condition that the content of the row ``asset`` is told to have it: a join that an index leads."""
    told = f"{{schema}}.texture_relations AS told WHERE {_is_named(arguments, relation)}"
    return f"{asset}.sha256 IN (SELECT told.sha256 FROM {told})"  # noqa: S608


def told_assets(arguments: Arguments, relation: str) -> str:
    """Return SQL that gives the asset_id of all that an index gives for the relation, a few too many, some twice."""
    return (
        "SELECT had.asset_id FROM {schema}.texture_relations AS told "  # noqa: S608 - placeholders
        f"JOIN {{schema}}.assets AS had ON had.sha256 = told.sha256 WHERE {_is_named(arguments, relation)}"
    )


def among_told(arguments: Arguments, asset: str, relation: str) -> str:
    """Return the condition that the row ``asset`` is one of :func:`told_assets`.

    An array, of which the planner expects few, so that it leads a question.
    """
    return f"{asset}.asset_id = ANY(ARRAY({told_assets(arguments, relation)}))"


def _is_named(arguments: Arguments, relation: str) -> str:
    return "true" if relation == ANY else f"told.relation = {arguments.add(relation)}"


async def count_relations(session: Connection, patience_seconds: float) -> dict[str, int]:
    """Return how many assets have each relation, and any of them; raises DatabaseError."""
    rows = await session.fetch(session.sql(_COUNTS), timeout=patience_seconds)
    return {row["relation"]: row["assets"] for row in rows}
