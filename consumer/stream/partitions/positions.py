"""Where a partition goes on otherwise than where it stopped: records are passed over, or read once more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.assignment import Assignment
from consumer.stream.partitions.commits import fetch_commits
from consumer.stream.partitions.source_topics import SourceTopics, TopicMadeAnewError

_log = structlog.get_logger(__name__)
# The group waits for the first look, nobody for the later ones.
_TIMEOUT_SECONDS: Final = 5.0
_PATIENT_SECONDS: Final = 30.0
_AGAIN_SECONDS: Final = 1.0
_SKIPPED = "records were deleted before they were read: raise the topic's retention, or clear the lag sooner"
_AGAIN = "the end of the log was cut off, or the topic was made anew: all that it holds is read"
_NOWHERE = (
    "the group has no offset here, so all is read, which changes no result: the group is new, its offsets expired "
    "(the brokers' offsets.retention.minutes), or the topic was made anew"
)
_ANEW = "the topic was deleted and made anew: all that it holds is read; what the old one held unread is lost"
_WAITS = "no record is taken before the brokers say where the group stopped; asked again within seconds"


class _Log(NamedTuple):
    """From where to where a log reaches, its end not in it."""

    begin: int
    end: int


class Positions:
    """Compares where a consumer goes on with where its group stopped, and tells what it finds."""

    def __init__(self, consumer: AIOKafkaConsumer, source: SourceTopics, observer: StreamObserver) -> None:
        self._consumer = consumer
        self._source = source
        self._observer = observer
        # Until something is committed, each rebalance finds the same.
        self._told: set[tuple[TopicPartition, int | None, int]] = set()

    async def keep_placing(self, owned: Iterable[Assignment]) -> None:
        """Look again and again with partitions of which :meth:`check_start` got no answer; raises as it does."""
        while True:
            await asyncio.sleep(_AGAIN_SECONDS)
            if unplaced := [item for item in owned if not item.is_placed]:
                await self.check_start(unplaced, _PATIENT_SECONDS)

    async def check_start(self, assignments: Iterable[Assignment], timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        """Look where the group stopped with partitions that were just assigned; no record of them is taken before.

        Without an answer they stay as they are.

        Raises:
            TopicMadeAnewError: the positions are of a topic that is no more; a new session finds others.

        """
        owned = {TopicPartition(item.topic, item.partition): item for item in assignments}
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._source.check(self._consumer)
                commits = await fetch_commits(self._consumer, list(owned))
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            _tell_unknown(owned, error)
            return
        logs = await self._logs(list(owned))
        strange = {p: item.offset for p, item in commits.items() if self._source.is_of_another(p.topic, item.label)}
        if strange:
            await self._begin_anew({place: offset for place, offset in strange.items() if place in logs}, logs)
            # Whether or not the commit arrived: here the consumer stands where the old topic's offset led it.
            raise TopicMadeAnewError(f"the offsets of {len(strange)} partitions were of a topic that is no more")
        for place, (begin, end) in logs.items():
            committed = commits[place].offset if place in commits else None
            self._compare(place, committed, begin, end)
            owned[place].place(committed, begin, end)
        if len(logs) == len(owned):
            self._source.made_anew.clear()

    async def _logs(self, places: Sequence[TopicPartition]) -> Mapping[TopicPartition, _Log]:
        """Return from where to where the logs reach; those without a leader are left out, and hold up no other."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                begins = await self._consumer.beginning_offsets(places)
                ends = await self._consumer.end_offsets(places)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            if len(places) == 1:
                _tell_unknown(places, error)
                return {}
            alone = await asyncio.gather(*(self._logs([place]) for place in places))
            return {place: log for logs in alone for place, log in logs.items()}
        return {place: _Log(begins[place], ends[place]) for place in places}

    async def _begin_anew(self, strange: Mapping[TopicPartition, int], logs: Mapping[TopicPartition, _Log]) -> None:
        """Commit the beginning where an offset is of another topic: its number says nothing of this one's log."""
        if not strange:
            return
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._consumer.commit({p: (logs[p].begin, self._source.label_of(p.topic)) for p in strange})
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            _log.info("commit.failed", error_class=type(error).__name__, error=str(error))
            return
        for place, offset in strange.items():
            log = logs[place]
            self._tell(place, offset, log.begin, log.end - log.begin, _ANEW)

    def _compare(self, place: TopicPartition, committed: int | None, begin: int, end: int) -> None:
        if committed is None:
            is_another = place.topic in self._source.made_anew
            if end > begin or is_another:
                self._tell(place, None, begin, end - begin, _ANEW if is_another else _NOWHERE)
        elif committed < begin:
            self._tell(place, committed, begin, begin - committed, _SKIPPED)
        elif committed > end:
            self._tell(place, committed, begin, end - begin, _AGAIN)

    async def check_gaps(self, assignments: Iterable[Assignment]) -> None:
        """Tell which offsets that never came were deleted before; others are those of compaction and transactions."""
        gaps = {TopicPartition(item.topic, item.partition): item for item in assignments if item.gaps}
        if not gaps:
            return
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                begins = await self._consumer.beginning_offsets(list(gaps))
        except (KafkaError, TimeoutError):
            return
        for place, assignment in gaps.items():
            for first, next_offset in assignment.gaps:
                to = min(begins[place], next_offset)
                if to > first:
                    self._tell(place, first, to, to - first, _SKIPPED)
            assignment.gaps.clear()

    def _tell(self, place: TopicPartition, origin: int | None, to: int, count: int, why: str) -> None:
        if (place, origin, to) in self._told:
            return
        self._told.add((place, origin, to))
        _log.warning(
            "position.moved",
            **{"topic": place.topic, "partition": place.partition, "from": origin, "to": to, "count": count},
            help=why,
        )
        reason = "skipped" if why is _SKIPPED else "again"
        self._observer.position_moved(place.topic, place.partition, reason=reason)


def _tell_unknown(places: Iterable[TopicPartition], error: Exception) -> None:
    _log.warning(
        "positions.unknown",
        partitions=sorted(place.partition for place in places),
        error_class=type(error).__name__,
        error=str(error),
        help=_WAITS,
    )
