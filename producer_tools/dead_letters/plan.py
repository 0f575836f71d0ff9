"""What to do with each open letter: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.offsets import PartitionOffset
from producer_tools.dead_letters.selection import LetterFilter

SourceKey = tuple[int, bytes]  # partition of the source topic, and key


class Fate(StrEnum):
    """What becomes of a letter."""

    PUT_BACK = "put back"
    # A later record of its key lies on the topic: putting it back would make it the newest there.
    SUPERSEDED = "superseded"
    # The rest stays in the backlog.
    NOT_MEANT = "not meant"
    TOO_OFTEN = "put back too often"
    NOT_WHOLE = "not whole"
    NO_HISTORY = "without a history"
    GONE = "gone from its topic"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A letter that may be put back, without its bytes: where it lies, and where its record lay."""

    place: PartitionOffset
    source_partition: int
    source_offset: int
    key: bytes | None

    @property
    def source_key(self) -> SourceKey | None:
        return None if self.key is None else (self.source_partition, self.key)


@dataclass(slots=True)
class RedrivePlan:
    """The candidates in the order of the backlog, and how many letters stay for which reason."""

    candidates: list[Candidate] = field(default_factory=list)
    staying: Counter[Fate] = field(default_factory=Counter)


def fate_of(letter: Letter, selection: LetterFilter, *, source_topic: str, max_replays: int) -> Fate:
    """Judge a letter by itself; whether it is superseded, only its source topic can tell."""
    if letter not in selection:
        return Fate.NOT_MEANT
    if letter.history is None or letter.history.topic != source_topic:
        return Fate.NO_HISTORY
    if letter.history.omitted:
        return Fate.NOT_WHOLE
    if letter.replay_count >= max_replays:
        return Fate.TOO_OFTEN
    return Fate.PUT_BACK


def make_plan(
    letters: Iterable[Letter], selection: LetterFilter, *, source_topic: str, max_replays: int
) -> RedrivePlan:
    plan = RedrivePlan()
    for letter in letters:
        add(plan, letter, fate_of(letter, selection, source_topic=source_topic, max_replays=max_replays))
    return plan


def add(plan: RedrivePlan, letter: Letter, fate: Fate) -> None:
    """Enter one letter into a plan."""
    if fate is not Fate.PUT_BACK or letter.history is None:
        plan.staying[fate] += 1
        return
    plan.candidates.append(Candidate(letter.place, letter.history.partition, letter.history.offset, letter.key))


@dataclass(slots=True)
class Sightings:
    """What was seen on the source topic of the keys that matter."""

    # For each partition the offsets that were read, the second not among them.
    ranges: dict[int, tuple[int, int]] = field(default_factory=dict)
    newest: dict[SourceKey, int] = field(default_factory=dict)
    present: set[tuple[int, int]] = field(default_factory=set)

    def note(self, partition: int, offset: int, key: bytes | None) -> None:
        """Enter a record of a key that matters."""
        if key is not None:
            self.newest[(partition, key)] = offset
        self.present.add((partition, offset))

    def fate_of(self, candidate: Candidate) -> Fate:
        """Judge a candidate by what lies behind its record on the source topic.

        A record that is gone, although the topic reaches back to it, was compacted away, and that only a later record
        of its key does: a removal that is itself gone by now, or else it would have been seen.
        """
        key = candidate.source_key
        if key is not None and self.newest.get(key, -1) > candidate.source_offset:
            return Fate.SUPERSEDED
        start, end = self.ranges.get(candidate.source_partition, (0, 0))
        place = (candidate.source_partition, candidate.source_offset)
        if start <= candidate.source_offset < end and place not in self.present:
            return Fate.GONE
        return Fate.PUT_BACK
