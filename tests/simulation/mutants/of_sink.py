"""Mutants of the sink: its handler, its batches, its statements, and a person's words."""

from __future__ import annotations

from typing import Final

from tests.simulation.mutants.mutant import Mutant

SINK: Final = (
    Mutant(
        "a row is not waited for",
        "consumer.services.storing.sink",
        "            await self._writer.submit(row)",
        "            self._writer.submit(row).close()",
    ),
    Mutant(
        "a database that is away is the row's fault",
        "consumer.services.faults",
        "_DATABASE_AWAY: Final = FaultRow(DatabaseUnavailableError, FaultKind.TRANSIENT,",
        "_DATABASE_AWAY: Final = FaultRow(DatabaseUnavailableError, FaultKind.POISON,",
    ),
    Mutant(
        "the oldest event of a batch wins",
        "consumer.storage.tables.rows",
        "if best is None or best.rank < row.rank:",
        "if best is None or best.rank > row.rank:",
    ),
    Mutant(
        "of a batch the last event wins",
        "consumer.storage.tables.rows",
        "if best is None or best.rank < row.rank:",
        "if True:",
    ),
    Mutant(
        "of two removals in a batch the older counts",
        "consumer.storage.tables.rows",
        "(self, other) if self.removed_at_ms >= other.removed_at_ms",
        "(self, other) if self.removed_at_ms < other.removed_at_ms",
    ),
    Mutant(
        "an older event replaces a newer one",
        "consumer.storage.tables.tags",
        "    < (EXCLUDED.extracted_at, EXCLUDED.tagged_at, EXCLUDED.event_id)",
        "    > (EXCLUDED.extracted_at, EXCLUDED.tagged_at, EXCLUDED.event_id)",
    ),
    Mutant(
        "what was removed comes back",
        "consumer.storage.tables.tags",
        "removed.removed_at >= staged.extracted_at",
        "removed.removed_at < staged.extracted_at",
    ),
    Mutant(
        "an older removal replaces a newer one",
        "consumer.storage.tables.places",
        "greatest(removed.removed_at, EXCLUDED.removed_at)",
        "EXCLUDED.removed_at",
    ),
    Mutant(
        "a removal removes what was extracted later",
        "consumer.storage.tables.tags",
        "asset.extracted_at <= removed.removed_at",
        "asset.extracted_at > removed.removed_at",
    ),
    Mutant(
        "what lies before another counts as behind it",
        "consumer.storage.tables.places",
        "AND {later}.source_offset > {earlier}.source_offset",
        "AND {later}.source_offset < {earlier}.source_offset",
    ),
    Mutant(
        "a result clears what a person said",
        "consumer.storage.tables.tags",
        "WHERE asset_id = ANY($1::text[]) AND source = 'model'",
        "WHERE asset_id = ANY($1::text[])",
    ),
    Mutant(
        "a word that is withdrawn stays",
        "consumer.storage.tables.verdicts",
        "    await session.execute(session.sql(_CLEAR), *tags)\n",
        "",
    ),
    Mutant(
        "a word is kept and does not hold",
        "consumer.storage.tables.verdicts",
        "    await session.execute(session.sql(_HOLD), *tags)\n",
        "",
    ),
    Mutant(
        "a removal leaves the tags",
        "consumer.storage.tables.tags",
        "    await session.execute(session.sql(_CLEAR_TAGS), removed)\n",
        "",
    ),
    Mutant(
        "a batch is no transaction",
        "consumer.storage.tables.tags",
        "async with session.transaction():",
        "if True:",
    ),
    Mutant(
        "of a batch that is halved the second half is forgotten",
        "consumer.storage.tables.tags",
        "*await self.write_isolating(entries[half:])]",
        "*[None] * (len(entries) - half)]",
    ),
    Mutant(
        "a row that is refused counts as stored",
        "consumer.storage.tables.tags",
        "                return [error]",
        "                return [None]",
    ),
    Mutant(
        "sessions with a standby are used again",
        "consumer.storage.postgres.database",
        "        await pool.expire_connections()\n",
        "",
    ),
    Mutant(
        "outcomes go to the wrong items of a batch",
        "consumer.concurrency.batching",
        "zip(batch, outcomes, strict=True)",
        "zip(batch, reversed(outcomes), strict=True)",
    ),
    Mutant(
        "an item's error is no error",
        "consumer.concurrency.batching",
        "                    if isinstance(outcome, Exception):",
        "                    if False:",
    ),
)
