"""Every asset that a filter keeps, in the order of ids: for what is handed on whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from consumer.storage.tables.reads import AssetSummary, TagReader
from consumer.storage.tables.search.filters import Arguments, SearchFilter

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class WalkedAsset:
    """An asset with its tags, where it came from, and the digest of its image."""

    summary: AssetSummary
    sha256: str | None
    source: dict[str, Any]


async def walk(reader: TagReader, where: SearchFilter) -> AsyncIterator[WalkedAsset]:
    """Yield them, some hundreds a question; what is stored meanwhile may be missed. Raises DatabaseError."""
    after = ""
    while True:
        rows = await _batch(reader, where, after)
        summaries = await reader.summaries([row["asset_id"] for row in rows])
        for row in rows:
            # One that was removed meanwhile is passed over.
            if (summary := summaries.get(row["asset_id"])) is not None:
                yield WalkedAsset(summary, row["sha256"], json.loads(row["source"] or "{}"))
        if len(rows) < _BATCH:
            return
        after = rows[-1]["asset_id"]


async def _batch(reader: TagReader, where: SearchFilter, after: str) -> list[Any]:
    arguments = Arguments()
    conditions = [f"asset.asset_id > {arguments.add(after)}", *where.conditions(arguments)]
    statement = (
        "SELECT asset.asset_id, asset.sha256, asset.source FROM {schema}.assets AS asset "  # noqa: S608 - placeholders
        f"WHERE {' AND '.join(conditions)} ORDER BY asset.asset_id LIMIT {_BATCH}"
    )
    async with reader.session() as session:
        found: list[Any] = await session.fetch(session.sql(statement), *arguments.values)
    return found
