"""Whose fault an error is, and what happens then: one table, most special row first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from aiokafka import errors as kafka

from consumer.concurrency.deadline import DeadlineExceededError
from consumer.kafka.errors import TOO_LARGE_ERRORS, InvalidRecordError
from consumer.tracing.spans import step
from schemas import EventDecodeError, Stage


class FaultKind(StrEnum):
    """The three answers."""

    # The world's fault: wait with backoff, for as long as it lasts.
    TRANSIENT = "transient"
    # The record's own fault: a retry cannot help, it goes to the dead-letter topic.
    POISON = "poison"
    # Nobody knows: retried for longer than an outage lasts, then the dead-letter topic.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One row of the table.

    ``grace_seconds`` is how long, counted from the record's publication, a POISON fault is taken for a transient one
    (an object may become visible a moment after its event).
    """

    error: type[Exception]
    kind: FaultKind
    reason: str
    grace_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """An error seen at a stage of a record's way."""

    stage: Stage
    error: Exception

    @property
    def error_class(self) -> str:
        return type(self.error).__name__

    @property
    def message(self) -> str:
        return str(self.error) or self.error_class


class StageError(Exception):
    """Carries an error together with the stage it happened at."""

    def __init__(self, stage: Stage, error: Exception) -> None:
        super().__init__(f"{stage}: {error}")
        self.failure = Failure(stage, error)


_REACHED: ContextVar[Stage] = ContextVar("stage", default=Stage.PROCESS)


@contextmanager
def at_stage(stage: Stage) -> Iterator[None]:
    """Name the stage for whatever error leaves the block; the innermost name stays."""
    before = _REACHED.set(stage)
    try:
        with step(stage):
            yield
    except StageError:
        raise
    except Exception as error:
        raise StageError(stage, error) from error
    # Not in a finally: a deadline cancels the block, and shall find out where it was.
    _REACHED.reset(before)


def failure_of(error: Exception) -> Failure:
    """Return the error with the stage it happened at; call in the task whose work failed."""
    if isinstance(error, StageError):
        return error.failure
    return Failure(_REACHED.get() if isinstance(error, DeadlineExceededError) else Stage.PROCESS, error)


class FaultTable:
    """Classifies errors by their type: of several rows that match, the one nearest to the error's own type rules."""

    __slots__ = ("_rows",)

    def __init__(self, rows: tuple[FaultRow, ...]) -> None:
        """Build the table from a service's rows; :func:`common_rows` stand behind them."""
        self._rows = {row.error: row for row in (*common_rows(), *rows)}

    def row_for(self, error: BaseException) -> FaultRow:
        for ancestor in type(error).__mro__:
            row = self._rows.get(ancestor)
            if row is not None:
                return row
        return _UNLISTED

    def __iter__(self) -> Iterator[FaultRow]:
        return iter(self._rows.values())


def judge(row: FaultRow, *, seconds_since_publication: float, seconds_since_first_failure: float) -> FaultKind:
    """Return the row's kind, a POISON fault within its grace being TRANSIENT.

    Both ages count, so that a producer's clock that runs ahead cannot stretch the grace.
    """
    age = max(seconds_since_publication, seconds_since_first_failure)
    if row.kind is FaultKind.POISON and age < row.grace_seconds:
        return FaultKind.TRANSIENT
    return row.kind


_UNLISTED = FaultRow(Exception, FaultKind.UNKNOWN, "not in this table: it may pass, or be a bug")


def common_rows() -> tuple[FaultRow, ...]:
    """Return the rows that hold for every service."""
    return (
        FaultRow(EventDecodeError, FaultKind.POISON, "the value is not a valid event"),
        *(FaultRow(error, FaultKind.POISON, "the result is too large for the topic") for error in TOO_LARGE_ERRORS),
        FaultRow(kafka.InvalidTimestampError, FaultKind.POISON, "the topic rejects the timestamp of the record"),
        FaultRow(InvalidRecordError, FaultKind.POISON, "the topic does not take the record as it is"),
        FaultRow(kafka.UnknownError, FaultKind.UNKNOWN, "the broker refused with an error unknown to the client"),
        FaultRow(kafka.KafkaError, FaultKind.TRANSIENT, "the broker did not accept the result"),
        FaultRow(ConnectionError, FaultKind.TRANSIENT, "a service cannot be reached"),
        FaultRow(DeadlineExceededError, FaultKind.UNKNOWN, "the record exceeded its deadline: slow or hanging"),
        FaultRow(MemoryError, FaultKind.UNKNOWN, "out of memory: because of this record, or of other work"),
    )
