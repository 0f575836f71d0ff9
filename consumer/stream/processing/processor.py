"""One record's way to a durable outcome: handle, publish in order, retry, or give up into the dead-letter topic."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from consumer.concurrency.deadline import deadline
from consumer.kafka.errors import TOO_LARGE_ERRORS, refusal
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.failures.dead_letter_records import remains, whole
from consumer.stream.failures.faults import Failure, FaultKind, FaultTable, failure_of, judge
from consumer.stream.handler import BatchHandler, Handler
from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.assignment import Assignment
from consumer.stream.partitions.lanes import Turn
from consumer.stream.settings import StreamSettings
from consumer.tracing.spans import fail, sending
from schemas import DeadLetter, Disposition, format_rfc3339, utc_now
from schemas.dead_letters import format_timestamp_ms, replay_count
from schemas.topics import dead_letter_topic

_log = structlog.get_logger(__name__)


class RecordAbandonedError(Exception):
    """The partition is being taken away: the record is left for its next owner."""


@dataclass(slots=True)
class _Attempts:
    """What went wrong with one record so far."""

    count: int = 0
    unknown: int = 0
    first_failed_at: str = ""
    first_failed_monotonic: float = 0.0

    def note_failure(self) -> None:
        self.count += 1
        if not self.first_failed_at:
            self.first_failed_at = format_rfc3339(utc_now())
            self.first_failed_monotonic = time.monotonic()


class RecordProcessor:
    """Brings records to their outcome. Knows the handler and the producer, not the consumer."""

    def __init__(
        self,
        settings: StreamSettings,
        handler: Handler,
        faults: FaultTable,
        publisher: Publisher,
        observer: StreamObserver,
    ) -> None:
        self._settings = settings
        self._handler = handler
        self._batch_handler = handler if isinstance(handler, BatchHandler) else None
        self._faults = faults
        self._publisher = publisher
        self._observer = observer
        self.activity = 0

    async def process(self, assignment: Assignment, record: SourceRecord, turn: Turn) -> Disposition | None:
        """Return when the record's outcome is durable: None for success, else why it became a dead letter.

        Raises:
            RecordAbandonedError: the assignment closed while the record waited out a fault, or behind one that did.

        """
        attempts = _Attempts()
        publications, letter = await self._handle(assignment, record, attempts)
        if not await turn.comes():
            raise RecordAbandonedError
        if letter is None:
            letter = await self._publish(assignment, record, publications, attempts)
        if letter is None:
            return None
        fail(letter.error_class)
        await self._bury(assignment, record, letter)
        return letter.disposition

    @property
    def takes_batches(self) -> bool:
        """Whether :meth:`process_together` may be called."""
        return self._batch_handler is not None

    async def process_together(self, records: Sequence[SourceRecord]) -> Sequence[bool]:
        """Tell of each record whether its outcome is durable; the others are for :meth:`process`."""
        assert self._batch_handler is not None
        try:
            async with deadline(self._settings.record_timeout_seconds):
                return await self._batch_handler.together(records)
        except Exception:  # noqa: BLE001 - each record finds out by itself what is wrong, and whose fault it is
            return [False] * len(records)

    async def withdraw(self) -> None:
        """Make sure that nothing is written any more of work that was cancelled."""
        await self._publisher.withdraw()

    async def _handle(
        self, assignment: Assignment, record: SourceRecord, attempts: _Attempts
    ) -> tuple[Sequence[Publication], DeadLetter | None]:
        while True:
            try:
                async with deadline(self._settings.record_timeout_seconds):
                    return await self._handler(record), None
            except Exception as error:  # noqa: BLE001 - the fault table decides, not this line
                letter = await self._decide(assignment, record, failure_of(error), attempts)
                if letter is not None:
                    return (), letter

    async def _publish(
        self, assignment: Assignment, record: SourceRecord, results: Sequence[Publication], attempts: _Attempts
    ) -> DeadLetter | None:
        while True:
            try:
                with sending(results) as publications:
                    await self._publisher.send(publications)
            except Exception as error:  # noqa: BLE001 - as above
                letter = await self._decide(assignment, record, failure_of(error), attempts)
                if letter is not None:
                    return letter
            else:
                return None

    async def _bury(self, assignment: Assignment, record: SourceRecord, letter: DeadLetter) -> None:
        """Write the dead letter, however long that takes: the offset must not pass it before."""
        attempt = 0
        while (error := await self._send_letter(record, letter)) is not None:
            attempt += 1
            failure = failure_of(error)
            if _takes_nothing(error):
                topic = dead_letter_topic(record.topic)
                assignment.unburied[record.offset] = f"{topic} takes no dead letter: {failure.message}"
            await self._pause(assignment, record, failure, attempt)
        self._observer.dead_lettered(letter.error_class, letter.error_stage, letter.disposition)
        _log.warning(
            "record.dead_lettered",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            stage=letter.error_stage,
            error_class=letter.error_class,
            error=letter.error_message,
            attempts=letter.attempts,
            disposition=letter.disposition,
        )

    async def _send_letter(self, record: SourceRecord, letter: DeadLetter) -> Exception | None:
        """Write the letter, without its record where that is too large; return why neither is taken."""
        try:
            await self._publisher.send([whole(record, letter)])
        except TOO_LARGE_ERRORS:
            try:
                await self._publisher.send([remains(record, letter)])
            except Exception as error:  # noqa: BLE001 - no error may let the offset pass an unwritten dead letter
                return error
        except Exception as error:  # noqa: BLE001 - as above
            return error
        return None

    async def _decide(
        self, assignment: Assignment, record: SourceRecord, failure: Failure, attempts: _Attempts
    ) -> DeadLetter | None:
        """Wait before the next attempt and return None, or return the dead letter that ends the attempts."""
        attempts.note_failure()
        failing_seconds = time.monotonic() - attempts.first_failed_monotonic
        kind = judge(
            self._faults.row_for(failure.error),
            seconds_since_publication=time.time() - record.timestamp_ms / 1000,
            seconds_since_first_failure=failing_seconds,
        )
        if kind is FaultKind.POISON:
            return self._letter(record, failure, attempts, Disposition.POISON)
        if kind is FaultKind.UNKNOWN:
            attempts.unknown += 1
            tried_enough = attempts.unknown >= self._settings.max_unknown_attempts
            if tried_enough and failing_seconds >= self._settings.unknown_seconds:
                return self._letter(record, failure, attempts, Disposition.EXHAUSTED)
        await self._pause(assignment, record, failure, attempts.count)
        return None

    async def _pause(self, assignment: Assignment, record: SourceRecord, failure: Failure, attempt: int) -> None:
        assignment.troubles[record.offset] = f"{failure.stage}, {failure.message}"
        delay_seconds = self._settings.backoff.delay_seconds(attempt)
        self._observer.retry_scheduled(failure.error_class, failure.stage)
        self.activity += 1
        # An outage passes; that we may not write is for somebody to change.
        tell = _log.warning if _takes_nothing(failure.error) else _log.info
        tell(
            "record.retry",
            topic=assignment.topic,
            partition=assignment.partition,
            stage=failure.stage,
            error_class=failure.error_class,
            error=failure.message,
            attempt=attempt,
            delay_seconds=round(delay_seconds, 3),
        )
        try:
            async with asyncio.timeout(delay_seconds):
                await assignment.closing.wait()
        except TimeoutError:
            return
        raise RecordAbandonedError

    def _letter(
        self, record: SourceRecord, failure: Failure, attempts: _Attempts, disposition: Disposition
    ) -> DeadLetter:
        return DeadLetter(
            error_class=failure.error_class,
            error_message=failure.message,
            error_stage=failure.stage,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp=format_timestamp_ms(record.timestamp_ms),
            group=self._settings.group,
            attempts=attempts.count,
            disposition=disposition,
            first_failed_at=attempts.first_failed_at,
            last_failed_at=format_rfc3339(utc_now()),
            replay_count=replay_count(record.headers),
        )


def _takes_nothing(error: BaseException) -> bool:
    """Whether a topic, or who may write to it, must be changed."""
    return isinstance(error, TOO_LARGE_ERRORS) or refusal(error) is not None
