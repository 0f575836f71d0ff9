"""docs/faults.md: the fault table, taken from the rows themselves."""

from __future__ import annotations

from collections.abc import Iterable

from aegis.markdown import NOTE, code, table
from consumer.services.faults import sink_faults, tagger_faults
from consumer.settings import TaggerSettings
from consumer.stream.faults import FaultRow, FaultTable, common_rows

_INTRODUCTION = """\
# What an error means

One table decides what becomes of a record whose work failed. Of several rows that fit an error the one nearest to the
error's own type counts; an error that no row fits is unknown.

| kind | what happens |
| --- | --- |
| transient | the world's fault: tried again with backoff and jitter, for as long as it lasts |
| poison | the record's own fault: a dead letter, at once |
| unknown | tried `AEGIS_STREAM_MAX_UNKNOWN_ATTEMPTS` times, then a dead letter with disposition `exhausted` |
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
        )
    )


def _own(faults: FaultTable) -> list[FaultRow]:
    common = {row.error for row in common_rows()}
    return [row for row in faults if row.error not in common]


def _section(title: str, rows: Iterable[FaultRow]) -> str:
    lines = [(code(row.error.__name__), str(row.kind), row.reason + _grace(row)) for row in rows]
    return f"## {title}\n\n{table(('error', 'kind', 'because'), lines)}"


def _grace(row: FaultRow) -> str:
    return f" (within {row.grace_seconds:g} s: transient)" if row.grace_seconds else ""
