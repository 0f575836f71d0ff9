"""What a process cannot work without: the services that it asks, and the topics that it writes to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from aiokafka.errors import KafkaError

from consumer.kafka.destinations import tell_small_topics
from consumer.kafka.publisher import Publisher
from consumer.telemetry.health import Health
from schemas.connections import KafkaConnection

_INTERVAL_SECONDS: Final = 10.0
_TIMEOUT_SECONDS: Final = 5.0


class Dependency:
    """Something that is asked again and again whether it can be worked with; ``ping`` raises where it cannot."""

    def __init__(self, name: str, ping: Callable[[], Awaitable[object]]) -> None:
        self.name: Final = name
        self._ping = ping
        # As readiness tells it, None while all is well.
        self.problem: str | None = "not asked yet"

    async def watch(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    await self._ping()
                self.problem = None
            except TimeoutError:
                self.problem = f"no answer within {_TIMEOUT_SECONDS:g} s"
            except Exception as error:  # noqa: BLE001 - whatever it is, the probe shall say it
                self.problem = str(error) or type(error).__name__
            await asyncio.sleep(_INTERVAL_SECONDS)


class Destinations:
    """The topics that a process writes to, with the size of the largest record that it may write to each."""

    def __init__(self, kafka: KafkaConnection, publisher: Publisher, largest_bytes: Mapping[str, int]) -> None:
        self._kafka = kafka
        self._publisher = publisher
        self._largest_bytes = largest_bytes

    def __iter__(self) -> Iterator[Dependency]:
        for topic in self._largest_bytes:
            yield Dependency(f"writing {topic}", partial(self._publisher.check_takes, topic))

    async def tell_small(self) -> None:
        """Warn once of topics that take less than we may write, as soon as the brokers answer."""
        while True:
            try:
                await tell_small_topics(self._kafka, self._largest_bytes)
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(_INTERVAL_SECONDS)
            else:
                return


@asynccontextmanager
async def watched(
    health: Health, services: Iterable[Dependency], destinations: Destinations
) -> AsyncIterator[list[Dependency]]:
    """Ask all of them for the length of a block, and let readiness tell what they answer."""
    watches = [asyncio.create_task(destinations.tell_small())]
    items = [*services, *destinations]
    for item in items:
        health.add_readiness(item.name, partial(getattr, item, "problem"))
        watches.append(asyncio.create_task(item.watch(), name=f"watch {item.name}"))
    try:
        yield items
    finally:
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
