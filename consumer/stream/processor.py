"""One record's way to a durable outcome: handle, publish in order, retry, or give up into the dead-letter topic."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from consumer.stream.assignment import Assignment
from consumer.stream.burial import remains, whole
from consumer.stream.deadline import deadline
from consumer.stream.faults import TOO_LARGE_ERRORS, Failure, FaultKind, FaultTable, failure_of, judge
from consumer.stream.lanes import Turn
from consumer.stream.observer import StreamObserver
from consumer.stream.publisher import Publisher
from consumer.stream.records import Handler, Publication, SourceRecord
from consumer.stream.settings import StreamSettings
from schemas import DeadLetter, Disposition, format_rfc3339, utc_now
from schemas.dead_letters import format_timestamp_ms, replay_count

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
        await self._bury(assignment, record, letter)
        return letter.disposition

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
        self, assignment: Assignment, record: SourceRecord, publications: Sequence[Publication], attempts: _Attempts
    ) -> DeadLetter | None:
        while True:
            try:
                await self._publisher.send(publications)
            except Exception as error:  # noqa: BLE001 - as above
                letter = await self._decide(assignment, record, failure_of(error), attempts)
                if letter is not None:
                    return letter
            else:
                return None

    async def _bury(self, assignment: Assignment, record: SourceRecord, letter: DeadLetter) -> None:
        """Write the dead letter, however long that takes: the offset must not pass it before."""
        forms = [remains(record, letter), whole(record, letter)]
        attempt = 0
        while True:
            try:
                await self._publisher.send(forms[-1:])
                break
            except Exception as error:  # noqa: BLE001 - no error may let the offset pass an unwritten dead letter
                if isinstance(error, TOO_LARGE_ERRORS) and len(forms) > 1:
                    forms.pop()
                    continue
                attempt += 1
                await self._pause(assignment, failure_of(error), attempt)
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

    async def _decide(
        self, assignment: Assignment, record: SourceRecord, failure: Failure, attempts: _Attempts
    ) -> DeadLetter | None:
        """Wait before the next attempt and return None, or return the dead letter that ends the attempts."""
        attempts.note_failure()
        kind = judge(
            self._faults.row_for(failure.error),
            seconds_since_publication=time.time() - record.timestamp_ms / 1000,
            seconds_since_first_failure=time.monotonic() - attempts.first_failed_monotonic,
        )
        if kind is FaultKind.POISON:
            return self._letter(record, failure, attempts, Disposition.POISON)
        if kind is FaultKind.UNKNOWN:
            attempts.unknown += 1
            if attempts.unknown >= self._settings.max_unknown_attempts:
                return self._letter(record, failure, attempts, Disposition.EXHAUSTED)
        await self._pause(assignment, failure, attempts.count)
        return None

    async def _pause(self, assignment: Assignment, failure: Failure, attempt: int) -> None:
        delay_seconds = self._settings.backoff.delay_seconds(attempt)
        self._observer.retry_scheduled(failure.error_class, failure.stage)
        self.activity += 1
        _log.info(
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
