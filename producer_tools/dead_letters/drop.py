"""Closing letters for good without putting them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from producer_tools.dead_letters.backlog import own_backlog
from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.selection import LetterFilter
from producer_tools.dead_letters.topics import open_letters, opened, survey
from schemas.connections import KafkaConnection

_CHUNK: Final = 1000


async def drop(
    connection: KafkaConnection,
    source_topic: str,
    selection: LetterFilter,
    on_drop: Callable[[Letter], None],
    *,
    dry_run: bool = False,
) -> int:
    """Close the selected letters and return how many; ``on_drop`` hears of each before it is closed.

    Raises:
        DeadLetterError: Kafka does not answer, another process is at it, or there is no such topic.

    """
    count = 0
    if dry_run:
        async with opened(connection) as consumer:
            surveyed = await survey(connection, consumer, source_topic)
            consumer.assign(list(surveyed))
            async for letter in open_letters(consumer, surveyed):
                count += letter in selection
        return count
    async with own_backlog(connection, source_topic) as backlog:
        async for letter in open_letters(backlog.consumer, backlog.partitions):
            if letter not in selection:
                continue
            on_drop(letter)
            backlog.close(letter.place)
            count += 1
            if count % _CHUNK == 0:
                await backlog.commit()
    return count
