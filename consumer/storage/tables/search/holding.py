"""The assets that have a tag now, surest first, as an index gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

# What these say is measured and not guessed.
MEASURED_BY: Final = ("pixels", "names")
_ORDERS: Final = {"surest": "confidence DESC, asset_id", "least-sure": "confidence, asset_id DESC"}

# What a person said of a tag, or of the category that it excludes others from, counts instead of the model's word. A
# scalar subquery, because the planner turns a NOT EXISTS into a join that reads every asset with the tag.
_NOT_OVERRULED: Final = """(
    SELECT true FROM {schema}.asset_tags AS said
    WHERE said.source = 'human' AND said.asset_id = found.asset_id AND said.category = found.category
      AND (said.tag = found.tag OR (said.settles AND said.verdict <> 'rejected')) LIMIT 1
) IS NOT TRUE"""
# Of a row of tags: the model guessed it, as opposed to what pixels and names say for certain.
IS_GUESS: Final = f"{{0}}.source = 'model' AND {{0}}.source_model NOT IN {MEASURED_BY}"
_IS_STORED: Final = "(SELECT true FROM {schema}.assets AS stored WHERE stored.asset_id = found.asset_id)"


def has_tag(asset: str, condition: str, confidence: str) -> str:
    """Return the condition that the row ``asset`` has a tag now that meets a condition, with such a confidence or more.

    A scalar subquery, because the planner turns an EXISTS into a join that reads every asset with the tag.
    """
    return (
        f"(SELECT true FROM {{schema}}.current_tags AS has WHERE has.asset_id = {asset}.asset_id "  # noqa: S608
        f"AND has.{condition} AND has.confidence >= {confidence}::real LIMIT 1)"
    )


def assets_with(
    tag: str, conditions: Sequence[str], limit: str, order: Literal["surest", "least-sure"] = "surest"
) -> str:
    """Return SQL that gives asset_id, confidence and by_model of what has the tag in ``current_tags``, in order.

    ``tag`` and ``limit`` are placeholders. ``conditions`` are of a row of asset_tags, which goes by the name ``found``.
    Not from the view: it would read all rows of the tag and sort them, since no order leads into the parts of a union.
    """
    by = _ORDERS[order]
    having = " AND ".join([f"found.tag = {tag}", *conditions])
    model = f"""
        SELECT found.asset_id, found.confidence, true AS by_model FROM {{schema}}.asset_tags AS found
        WHERE found.source = 'model' AND {having} AND {_NOT_OVERRULED}
        ORDER BY {by} LIMIT {limit}
    """  # noqa: S608 - placeholders
    return _with_people(model, having, by, limit)


def among_surest(tag: str, of_row: Sequence[str], conditions: Sequence[str], limit: str, looked_at: str) -> str:
    """Return SQL that gives what :func:`assets_with` does, of the surest so many rows of the model alone.

    ``of_row``: conditions that count before the rows do. There may be more, and surer ones than those that people gave,
    unless as many as the limit are the model's.
    """
    by = _ORDERS["surest"]
    having = " AND ".join([f"found.tag = {tag}", *of_row])
    kept = " AND ".join(conditions)
    model = f"""
        SELECT found.asset_id, found.confidence, true AS by_model FROM (
            SELECT found.asset_id, found.category, found.tag, found.confidence FROM {{schema}}.asset_tags AS found
            WHERE found.source = 'model' AND {having} ORDER BY {by} LIMIT {looked_at}
        ) AS found WHERE {_NOT_OVERRULED} AND {kept} ORDER BY {by} LIMIT {limit}
    """  # noqa: S608 - placeholders
    return _with_people(model, f"{having} AND {kept}", by, limit)


def _with_people(model: str, having: str, by: str, limit: str) -> str:
    # People's words are few, and have no limit of their own, which would lead to the index of the model's many.
    return f"""
        SELECT asset_id, confidence, by_model FROM (
            ({model})
            UNION ALL
            (SELECT found.asset_id, found.confidence, false FROM {{schema}}.asset_tags AS found
             WHERE found.source = 'human' AND found.verdict <> 'rejected' AND {having} AND {_IS_STORED} OFFSET 0)
        ) AS found ORDER BY {by} LIMIT {limit}
    """  # noqa: S608 - placeholders
