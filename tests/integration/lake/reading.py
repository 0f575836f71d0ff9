"""Reading the lake with DuckDB, by the statements of docs/lake.md."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from consumer.storage.lake.appending import held_by
from consumer.storage.lake.lake import Lake
from consumer.storage.lake.tables import TABLES, TAGGED, TableSpec
from testkit.running import Pipeline
from tests.integration.lake.conftest import place_in

DOCUMENT = Path(__file__).parents[3] / "docs" / "lake.md"
Place = tuple[str, int, int]


def statements() -> list[str]:
    """Return the views that the document defines, without the one that needs DuckDB's extension."""
    found = re.findall(r"```text\n(.+?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return [statement for statement in found if "iceberg_scan" not in statement]


def opened(corner: Pipeline) -> Lake:
    return Lake.open(place_in(corner.environment))


def current_tags(corner: Pipeline) -> list[tuple[Any, ...]]:
    """Return the tags that hold by the lake, sorted."""
    lake = opened(corner)
    with duckdb.connect() as database:
        for spec in TABLES:
            database.register(spec.name, lake.table(spec).scan().to_arrow())
        for statement in statements():
            database.execute(statement)
        rows = database.execute("SELECT asset_id, category, tag, confidence, source FROM current_tags").fetchall()
    lake.close()
    return sorted(map(rounded, rows))


def rounded(row: Sequence[Any]) -> tuple[Any, ...]:
    """Return asset, category, tag, confidence and source alike from readers whose numbers have other precisions."""
    asset_id, category, tag, confidence, source = row
    return asset_id, category, tag, round(confidence, 4), source


def places(corner: Pipeline, spec: TableSpec) -> Counter[Place]:
    """Return how often each record is in a table."""
    lake = opened(corner)
    names = ("record_topic", "record_partition", "record_offset")
    table = lake.table(spec).scan(selected_fields=names).to_arrow()
    lake.close()
    return Counter(zip(*(table[name].to_pylist() for name in names), strict=True))


def row_count(corner: Pipeline, spec: TableSpec) -> int:
    """Return the rows of a table, as its newest snapshot counts them."""
    lake = opened(corner)
    snapshot = lake.table(spec).current_snapshot()
    lake.close()
    return 0 if snapshot is None or snapshot.summary is None else int(snapshot.summary["total-records"] or 0)


async def has_more(corner: Pipeline, rows: int) -> bool:
    """Tell whether more than so many tagged events are committed."""
    return await asyncio.to_thread(row_count, corner, TAGGED) > rows


def offsets_held(corner: Pipeline, spec: TableSpec) -> dict[str, dict[str, str]]:
    """Return which offsets a table holds by its newest snapshot: by topic id and partition."""
    lake = opened(corner)
    held: dict[str, dict[str, str]] = json.loads(held_by(lake.table(spec)).encode())
    lake.close()
    return held
