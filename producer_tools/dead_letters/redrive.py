"""Putting dead letters back on the topic they came from."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Protocol

from aiokafka import TopicPartition

from consumer.kafka.clients import make_producer
from consumer.kafka.errors import RECORD_REFUSALS
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication
from producer_tools.dead_letters.backlog import Backlog, own_backlog
from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.offsets import PartitionOffset
from producer_tools.dead_letters.plan import Candidate, Fate, RedrivePlan, add, fate_of
from producer_tools.dead_letters.selection import LetterFilter
from producer_tools.dead_letters.source_scan import SourceLook, looking
from producer_tools.dead_letters.topics import CLIENT_ID, open_letters, opened, read, survey
from schemas.connections import KafkaConnection

_CHUNK: Final = 100
_ACKNOWLEDGED_SECONDS: Final = 60.0


class RedriveView(Protocol):
    """Is told how it goes."""

    def looked(self, seen: int, total: int) -> None:
        """Report records read of the source topic, of so many."""

    def planned(self, count: int) -> None:
        """Report how many letters are candidates."""

    def ended(self, fate: Fate, candidate: Candidate) -> None:
        """Report what became of one candidate; a superseded one, or one put back, is closed."""


@dataclass(frozen=True, slots=True)
class RedriveRequest:
    """What to put back, how fast (letters a second, None: as fast as it goes), and how many at most."""

    source_topic: str
    selection: LetterFilter
    max_replays: int = 3
    rate: float | None = None
    limit: int | None = None
    dry_run: bool = False


@dataclass(slots=True)
class RedriveReport:
    """How many letters had which fate, in a dry run would have; and those whose records Kafka refused, with why."""

    fates: Counter[Fate] = field(default_factory=Counter)
    refused: list[tuple[PartitionOffset, str]] = field(default_factory=list)


async def redrive(connection: KafkaConnection, request: RedriveRequest, view: RedriveView) -> RedriveReport:
    """Put the selected letters back, in the order in which they became dead letters.

    A letter is closed once its record is acknowledged, and closed letters are kept every hundred of them. Killed in
    between, the next run finds the records that it put back on the topic, and so closes their letters as superseded
    instead of putting them back again. One whose record the topic does not take stays open; the others go on.

    Raises:
        DeadLetterError: Kafka does not answer, another process is at it, or there is no such topic.

    """
    if request.dry_run:
        return await _rehearse(connection, request, view)
    report = RedriveReport()
    async with own_backlog(connection, request.source_topic) as backlog:
        plan = await _plan(backlog, request)
        report.fates.update(plan.staying)
        view.planned(len(plan.candidates))
        async with (
            looking(connection, request.source_topic, plan.candidates) as look,
            _publisher(connection) as publisher,
        ):
            await look.go_on(view.looked)
            await _Redrive(backlog, look, publisher, request, view, report).run(plan)
    return report


async def _rehearse(connection: KafkaConnection, request: RedriveRequest, view: RedriveView) -> RedriveReport:
    report = RedriveReport()
    async with opened(connection) as consumer:
        surveyed = await survey(connection, consumer, request.source_topic)
        consumer.assign(list(surveyed))
        plan = RedrivePlan()
        async for letter in open_letters(consumer, surveyed):
            _enter(plan, letter, request)
    report.fates.update(plan.staying)
    view.planned(len(plan.candidates))
    async with looking(connection, request.source_topic, plan.candidates) as look:
        await look.go_on(view.looked)
        for candidate in plan.candidates:
            fate = look.sightings.fate_of(candidate)
            report.fates[fate] += 1
            view.ended(fate, candidate)
    return report


async def _plan(backlog: Backlog, request: RedriveRequest) -> RedrivePlan:
    plan = RedrivePlan()
    async for letter in open_letters(backlog.consumer, backlog.partitions):
        _enter(plan, letter, request)
    return plan


def _enter(plan: RedrivePlan, letter: Letter, request: RedriveRequest) -> None:
    fate = fate_of(letter, request.selection, source_topic=request.source_topic, max_replays=request.max_replays)
    full = request.limit is not None and len(plan.candidates) >= request.limit
    add(plan, letter, Fate.NOT_MEANT if full and fate is Fate.PUT_BACK else fate)


@dataclass(slots=True)
class _Redrive:
    backlog: Backlog
    look: SourceLook
    publisher: Publisher
    request: RedriveRequest
    view: RedriveView
    report: RedriveReport

    async def run(self, plan: RedrivePlan) -> None:
        """Work through the candidates, partition by partition, a chunk at a time."""
        candidates = iter(sorted(plan.candidates, key=lambda item: item.place))
        while chunk := list(islice(candidates, _CHUNK)):
            # Whatever came to the source topic meanwhile is newer than these.
            await self.look.go_on()
            await self._work_off(chunk)
            await self.backlog.commit()

    async def _work_off(self, chunk: Sequence[Candidate]) -> None:
        wanted = {candidate.place: candidate for candidate in chunk}
        async for letter in self._letters(chunk):
            candidate = wanted.get(letter.place)
            if candidate is None:
                continue
            fate = self.look.sightings.fate_of(candidate)
            if fate is Fate.PUT_BACK:
                fate = await self._put_back(letter, candidate)
            if fate in {Fate.PUT_BACK, Fate.SUPERSEDED}:
                self.backlog.close(candidate.place)
            self.report.fates[fate] += 1
            self.view.ended(fate, candidate)

    async def _letters(self, chunk: Sequence[Candidate]) -> AsyncIterator[Letter]:
        spans: dict[TopicPartition, tuple[int, int]] = {}
        for candidate in chunk:
            item = TopicPartition(self.backlog.topic, candidate.place.partition)
            first, end = spans.get(item, (candidate.place.offset, 0))
            spans[item] = (first, max(end, candidate.place.offset + 1))
        async for record in read(self.backlog.consumer, spans):
            yield Letter.of(record)

    async def _put_back(self, letter: Letter, candidate: Candidate) -> Fate:
        # Where it was, if that partition is there: the other records of its key lie there, however its producer chose.
        partition_exists = candidate.source_partition in self.look.partitions
        record = Publication(
            self.request.source_topic,
            letter.key,
            letter.value,
            letter.original_headers(),
            letter.original_timestamp_ms(),
            candidate.source_partition if partition_exists else None,
        )
        try:
            await self.publisher.send([record])
        except RECORD_REFUSALS as error:
            self.report.refused.append((candidate.place, str(error)))
            return Fate.REFUSED
        if self.request.rate:
            await asyncio.sleep(1 / self.request.rate)
        return Fate.PUT_BACK


@asynccontextmanager
async def _publisher(connection: KafkaConnection) -> AsyncIterator[Publisher]:
    publisher = Publisher(lambda: make_producer(connection, CLIENT_ID), _ACKNOWLEDGED_SECONDS)
    try:
        yield publisher
    finally:
        await publisher.stop()
