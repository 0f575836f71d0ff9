"""docs/faults.md: the fault table, taken from the rows themselves."""

from __future__ import annotations

from collections.abc import Iterable

from aegis.reference.markdown import NOTE, code, table
from consumer.services.faults import comparer_faults, lake_faults, sink_faults, tagger_faults
from consumer.settings import TaggerSettings
from consumer.stream.failures.faults import FaultRow, FaultTable, common_rows

_INTRODUCTION = """\
# The fault table

This table decides what happens to a record after an error. If several rows match, the most specific error type wins; an
error that no row matches is unknown.

| kind | what happens |
| --- | --- |
| transient | a failure of the surroundings: retried with backoff and jitter for as long as it lasts |
| poison | the record itself is at fault: it becomes a dead letter at once |
| unknown | retried for `AEGIS_STREAM_UNKNOWN_SECONDS`, then a dead letter with disposition `exhausted` |
"""


def faults_page() -> str:
    grace = TaggerSettings.model_fields["missing_object_grace_seconds"].default
    return "\n".join(
        (
            NOTE,
            _INTRODUCTION,
            _section("Everywhere", common_rows()),
            _section("Tagger", _own(tagger_faults(grace))),
            _section("Sink", _own(sink_faults())),
            _section("Comparer", _own(comparer_faults())),
            _section("Lake", _own(lake_faults())),
        )
    )


def _own(faults: FaultTable) -> list[FaultRow]:
    common = {row.error for row in common_rows()}
    return [row for row in faults if row.error not in common]


def _section(title: str, rows: Iterable[FaultRow]) -> str:
    lines = [(code(row.error.__name__), str(row.kind), row.reason + _grace(row)) for row in rows]
    return f"## {title}\n\n{table(('error', 'kind', 'reason'), lines)}"


def _grace(row: FaultRow) -> str:
    return f" (within {row.grace_seconds:g} s: transient)" if row.grace_seconds else ""
