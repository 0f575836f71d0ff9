"""The fault table, row by row."""

from __future__ import annotations

import pytest
from aiokafka import errors as kafka

from consumer.concurrency.deadline import DeadlineExceededError
from consumer.stream.failures.faults import (
    FaultKind,
    FaultRow,
    FaultTable,
    StageError,
    at_stage,
    common_rows,
    failure_of,
    judge,
)
from schemas import MalformedEventError, Stage, UnknownSchemaVersionError


class ServiceError(Exception):
    """A service's own error."""


class SpecialServiceError(ServiceError):
    """A special case of it."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MalformedEventError("not JSON"), FaultKind.POISON),
        (UnknownSchemaVersionError("2.0"), FaultKind.POISON),
        (kafka.MessageSizeTooLargeError(), FaultKind.POISON),
        (kafka.RecordListTooLargeError(), FaultKind.POISON),
        (kafka.InvalidTimestampError(), FaultKind.POISON),
        (kafka.UnknownError(), FaultKind.UNKNOWN),
        (kafka.KafkaConnectionError(), FaultKind.TRANSIENT),
        (kafka.NotEnoughReplicasError(), FaultKind.TRANSIENT),
        (kafka.RequestTimedOutError(), FaultKind.TRANSIENT),
        (ConnectionRefusedError(), FaultKind.TRANSIENT),
        (ConnectionResetError(), FaultKind.TRANSIENT),
        (BrokenPipeError(), FaultKind.TRANSIENT),
        (DeadlineExceededError(), FaultKind.UNKNOWN),
        (TimeoutError(), FaultKind.UNKNOWN),
        (MemoryError(), FaultKind.UNKNOWN),
        (ValueError(), FaultKind.UNKNOWN),
        (ZeroDivisionError(), FaultKind.UNKNOWN),
        (OSError(), FaultKind.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_common_errors(error: Exception, kind: FaultKind) -> None:
    """What every service meets."""
    assert FaultTable(()).row_for(error).kind is kind


def test_the_row_nearest_to_the_errors_type_rules() -> None:
    """The order of rows does not matter."""
    general = FaultRow(ServiceError, FaultKind.TRANSIENT, "general")
    special = FaultRow(SpecialServiceError, FaultKind.POISON, "special")

    for rows in ((general, special), (special, general)):
        table = FaultTable(rows)
        assert table.row_for(SpecialServiceError()) is special
        assert table.row_for(ServiceError()) is general


def test_a_services_row_overrides_a_common_one() -> None:
    """A service may know better."""
    own = FaultRow(ConnectionError, FaultKind.POISON, "own")

    assert FaultTable((own,)).row_for(ConnectionResetError()) is own


def test_every_row_gives_its_reason() -> None:
    """The table is documentation too."""
    table = FaultTable((FaultRow(ServiceError, FaultKind.POISON, "reason"),))

    assert len(list(table)) == len(common_rows()) + 1
    assert all(row.reason for row in table)


GRACED = FaultRow(ServiceError, FaultKind.POISON, "may appear a moment later", grace_seconds=10)


@pytest.mark.parametrize(
    ("since_publication", "since_first_failure", "kind"),
    [
        (0.0, 0.0, FaultKind.TRANSIENT),
        (9.9, 9.9, FaultKind.TRANSIENT),
        (10.0, 0.0, FaultKind.POISON),
        (0.0, 10.0, FaultKind.POISON),
        # a producer's clock that runs ahead
        (-3600.0, 9.9, FaultKind.TRANSIENT),
        (-3600.0, 10.0, FaultKind.POISON),
    ],
)
def test_grace_ends_by_the_records_age_or_by_our_own_clock(
    since_publication: float, since_first_failure: float, kind: FaultKind
) -> None:
    """An old record gets none, a record from the future not more than its share."""
    judged = judge(GRACED, seconds_since_publication=since_publication, seconds_since_first_failure=since_first_failure)

    assert judged is kind


@pytest.mark.parametrize("kind", [FaultKind.TRANSIENT, FaultKind.UNKNOWN])
def test_only_poison_has_a_grace(kind: FaultKind) -> None:
    """The other kinds stay what they are."""
    row = FaultRow(ServiceError, kind, "reason", grace_seconds=10)

    assert judge(row, seconds_since_publication=0, seconds_since_first_failure=0) is kind


def test_a_stage_is_named_by_the_innermost_block() -> None:
    """The nearer name says more."""
    cause = ServiceError("broken")

    with pytest.raises(StageError) as caught, at_stage(Stage.FETCH), at_stage(Stage.DECODE_IMAGE):
        raise cause

    failure = failure_of(caught.value)
    assert failure.stage is Stage.DECODE_IMAGE
    assert failure.error is cause
    assert failure.error_class == "ServiceError"
    assert failure.message == "broken"
    assert str(caught.value) == "decode-image: broken"


def test_an_error_outside_every_stage_says_so() -> None:
    """And an error without a text is told by its class."""
    failure = failure_of(ServiceError())

    assert failure.stage is Stage.PROCESS
    assert failure.message == "ServiceError"
