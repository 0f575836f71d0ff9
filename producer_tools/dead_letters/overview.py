"""The backlog at a glance: letters by what went wrong, and where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.offsets import PartitionOffset
from producer_tools.dead_letters.selection import LetterFilter
from producer_tools.dead_letters.topics import open_letters, opened, survey
from schemas.connections import KafkaConnection


class Trouble(NamedTuple):
    """What letters are grouped by."""

    source_topic: str
    error_class: str
    stage: str
    disposition: str


@dataclass(slots=True)
class Group:
    """Letters of one trouble; ``example`` is the newest of them."""

    trouble: Trouble
    count: int
    oldest: datetime
    newest: datetime
    most_replays: int
    example: PartitionOffset
    message: str


async def letters_of(
    connection: KafkaConnection, source_topic: str, selection: LetterFilter, *, closed_too: bool = False
) -> list[Letter]:
    """Return the selected letters in the order of their places, their values left away; raises DeadLetterError."""
    async with opened(connection) as consumer:
        surveyed = await survey(connection, consumer, source_topic)
        consumer.assign(list(surveyed))
        letters = open_letters(consumer, surveyed, closed_too=closed_too)
        chosen = [replace(letter, value=None) async for letter in letters if letter in selection]
    return sorted(chosen, key=lambda letter: letter.place)


def grouped(source_topic: str, letters: list[Letter]) -> list[Group]:
    """Return the groups, the largest first."""
    groups: dict[Trouble, Group] = {}
    for letter in sorted(letters, key=lambda item: item.failed_at):
        disposition = str(letter.history.disposition) if letter.history else "unknown"
        trouble = Trouble(source_topic, letter.error_class, letter.stage, disposition)
        message = letter.history.error_message if letter.history else "its headers hold no history"
        group = groups.setdefault(
            trouble, Group(trouble, 0, letter.failed_at, letter.failed_at, 0, letter.place, message)
        )
        group.count += 1
        group.newest, group.example, group.message = letter.failed_at, letter.place, message
        group.most_replays = max(group.most_replays, letter.replay_count)
    return sorted(groups.values(), key=lambda group: (-group.count, group.trouble))
