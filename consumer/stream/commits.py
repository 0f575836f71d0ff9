"""Committing what the ledgers allow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumer.stream.assignment import Assignment
from consumer.stream.observer import StreamObserver

_log = structlog.get_logger(__name__)


class Committer:
    """Commits watermarks; a commit that fails is told and tried again later, since it costs only redelivery."""

    def __init__(self, consumer: AIOKafkaConsumer, timeout_seconds: float, observer: StreamObserver) -> None:
        self._consumer = consumer
        self._timeout_seconds = timeout_seconds
        self._observer = observer
        # One commit at a time: of two under way the older could land last and move the group back.
        self._turn = asyncio.Lock()

    async def commit(self, assignments: Iterable[Assignment]) -> bool:
        """Commit every assignment that is ahead; return whether the broker has all of it."""
        try:
            async with asyncio.timeout(self._timeout_seconds), self._turn:
                await self._commit({item: item.ledger.committable for item in assignments})
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            # CommitFailedError and IllegalStateError: a rebalance took the partitions; their new owner starts from
            # the last commit. Anything else passes with the next interval.
            self._observer.commit_failed(type(error).__name__)
            _log.warning("commit.failed", error_class=type(error).__name__, error=str(error))
            return False
        return True

    async def _commit(self, watermarks: dict[Assignment, int | None]) -> None:
        ahead = {item: offset for item, offset in watermarks.items() if offset is not None}
        if not ahead:
            return
        await self._consumer.commit(
            {TopicPartition(item.topic, item.partition): offset for item, offset in ahead.items()}
        )
        for item, offset in ahead.items():
            item.ledger.committed(offset)
            self._observer.committed(item.topic, item.partition, offset)
