"""Which topics of our sources' names are read: one that was deleted and made anew has the name, and another log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from uuid import UUID

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, NodeNotReadyError

from consumer.stream.partitions.topic_ids import topic_id

_TIMEOUT_SECONDS: Final = 5.0
_LABEL: Final = "topic="


class TopicMadeAnewError(Exception):
    """A source topic is another one than it was: a new session is needed."""


class SourceTopics:
    """Remembers the topics' ids over sessions; each commit says to which id its offset belongs.

    Else an offset of the old log would count in the new one, and what lies before it would never be read: records that
    were in work are finished and committed after the topic is there again, and a consumer whose budget is full does not
    see that it was away.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._ids: dict[str, UUID | None] = dict.fromkeys(names)
        self._consumer: AIOKafkaConsumer | None = None
        # Those in whose place another one was before, which is still to be told.
        self.made_anew: set[str] = set()

    def label_of(self, topic: str) -> str:
        """Return what a commit says, empty where brokers give topics no ids."""
        known = self._ids.get(topic)
        return "" if known is None else f"{_LABEL}{known}"

    def id_of(self, topic: str) -> UUID | None:
        """Return the id of the topic whose records come now; None where brokers give topics no ids."""
        return self._ids.get(topic)

    def is_of_another(self, topic: str, label: str) -> bool:
        """Whether a commit's offset belongs to another topic of this name."""
        return self._ids.get(topic) is not None and label.startswith(_LABEL) and label != self.label_of(topic)

    async def learn(self, consumer: AIOKafkaConsumer) -> None:
        """Note which topics there are, before the group is joined: commits are of what was read. Raises KafkaError."""
        self._consumer = consumer
        for topic, known in self._ids.items():
            found = await topic_id(consumer, topic)
            if found is not None and found != known:
                if known is not None:
                    self.made_anew.add(topic)
                self._ids[topic] = found

    async def check(self, consumer: AIOKafkaConsumer) -> None:
        """Look whether they are still those that were there when the group was joined.

        Raises:
            TopicMadeAnewError: one is not, so that positions are of the old one.
            KafkaError: nobody knows.

        """
        for topic, known in self._ids.items():
            if known is not None and await topic_id(consumer, topic) not in {None, known}:
                raise TopicMadeAnewError(f"topic {topic} was made anew")

    async def check_now(self) -> None:
        """Look whether what came so far is of the topics that there are now, by the consumer that reads them.

        Raises:
            TopicMadeAnewError, KafkaError: as :meth:`check`, KafkaError also where no answer comes in time.

        """
        if self._consumer is None:
            raise NodeNotReadyError("nothing is read yet")
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self.check(self._consumer)
        except TimeoutError as error:
            raise NodeNotReadyError("no broker tells which topics there are") from error

    async def check_unless_away(self, consumer: AIOKafkaConsumer) -> None:
        """As :meth:`check`; of what does not answer nothing is said."""
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self.check(consumer)
