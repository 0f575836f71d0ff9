"""Sees every result, dead letter and commit, and holds them against the promises."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from schemas.dead_letters import format_timestamp_ms
from tests.simulation.plan import BAD, FaultKind, Nature, PlannedRecord, Service
from tests.simulation.promises import Promise
from tests.simulation.world.broker import OUTPUT, Written
from tests.simulation.world.source import DEAD_LETTERS, Message

if TYPE_CHECKING:
    from tests.simulation.world.database import Database
    from tests.simulation.world.source import Partition
    from tests.simulation.world.state import State

# Dead letters of good records that one process may write before its breaker opens: the window and what is in flight.
LETTERS_BEFORE_OPEN = 20


class Judge:
    """What became of each record; it believes the world alone, never the engine."""

    def __init__(self, state: State, topic: list[Partition], database: Database) -> None:
        self._state = state
        self._topic = topic
        self._database = database
        self._results: Counter[int] = Counter()
        self._letters: Counter[int] = Counter()
        self._sequences: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        # Of each key: the offset of its record whose result lies last, and the highest of one that has a result.
        self._last: dict[bytes, int] = {}
        self._newest: dict[bytes, int] = {}
        self._of_time: dict[str, Message] = {}
        # Who began a partition last where its group has no offset, and of which partitions who told so. One that gave
        # it away again before it was told leaves that to the next owner, who stands at the same place.
        self._moved: dict[int, str] = {}
        self._told: set[tuple[str, int]] = set()
        # Of records whose topic was deleted: whether they had an outcome then.
        self._deleted: list[tuple[PlannedRecord, bool]] = []

    def published(self, message: Message) -> None:
        """Note a record that is on the source topic."""
        self._of_time[format_timestamp_ms(message.timestamp)] = message

    def message_at(self, timestamp_ms: int) -> Message:
        """Return the record of a time, which is its own."""
        return self._of_time[format_timestamp_ms(timestamp_ms)]

    def moved(self, process: str, partition: int) -> None:
        """Note that a process begins a partition where its group has no offset."""
        if self._topic[partition].messages:
            self._moved[partition] = process

    def told(self, process: str, partition: int) -> None:
        self._told.add((process, partition))

    def made_anew(self) -> None:
        """Note that the records of the source topic are deleted: who has an outcome keeps it, the others need none."""
        self._last.clear()
        self._newest.clear()
        undone = {planned.number for planned in self.undone()}
        for partition in self._topic:
            for message in partition.messages:
                self._deleted.append((message.planned, message.planned.number not in undone))

    def written(self, topic: str, record: Written) -> None:
        """Note a record that producers wrote, whether or not they were told."""
        if topic == OUTPUT:
            self._result(record)
        elif topic == DEAD_LETTERS:
            self._letter(record)

    def _result(self, record: Written) -> None:
        number = int((record.value or b"")[:6])
        self._results[number] += 1
        self._state.note(f"result of record {number}")
        headers = dict(record.headers)
        if record.key is not None:
            assignment, offset = (record.key, headers["process"], headers["epoch"]), int(headers["offset"] or b"")
            self._sequences[assignment].append(offset)
            self._last[record.key] = offset
            self._newest[record.key] = max(offset, self._newest.get(record.key, offset))

    def _letter(self, record: Written) -> None:
        headers = dict(record.headers)
        message = self._of_time[(headers["dlq-timestamp"] or b"").decode()]
        planned = message.planned
        self._letters[planned.number] += 1
        self._state.note(f"dead letter of record {planned.number} ({planned.nature.value})")
        if planned.nature not in BAD and not self._within_minutes_of_systemic():
            self._state.broken(Promise.OUTAGE_DELAYS, f"{_named(planned)} became a dead letter")
        whole = (record.key, record.value) == (
            message.key,
            message.value or b"" if message.key is None else message.value,
        )
        if "dlq-omitted" not in headers and not (whole and record.headers[: len(message.headers)] == message.headers):
            self._state.broken(Promise.BAD_RECORD, f"the dead letter of {_named(planned)} is not the record")
        if "dlq-omitted" in headers and planned.nature is not Nature.HUGE:
            self._state.broken(Promise.BAD_RECORD, f"the dead letter of {_named(planned)} lacks its value")

    def _within_minutes_of_systemic(self) -> bool:
        """Tell whether a fault of everything was there lately: its dead letters may wait out an outage."""
        faults = [fault for fault in self._state.plan.faults if fault.kind is FaultKind.SYSTEMIC]
        return any(fault.at_seconds <= self._state.loop.now < fault.at_seconds + 120 for fault in faults)

    def committed(self, partition: int, before: int, offset: int) -> None:
        """Note a commit that the group took."""
        for message in self._topic[partition].between(before, offset):
            if not self._has_outcome(message.planned):
                self._state.broken(
                    Promise.NOTHING_LOST, f"offset {offset} is committed, {_named(message.planned)} has no outcome"
                )

    def _has_outcome(self, planned: PlannedRecord) -> bool:
        if self._letters[planned.number]:
            return True
        if self._state.plan.service is Service.TAGGER:
            return self._results[planned.number] > 0
        return self._database.covers(planned)

    def undone(self) -> list[PlannedRecord]:
        """Return the records that are on the topic and have no outcome."""
        return [
            message.planned
            for partition in self._topic
            for message in partition.messages
            if not self._has_outcome(message.planned)
        ]

    def verdict(self) -> None:
        """Hold the end against the promises; call when nothing runs any more."""
        for partition in self._topic:
            for message in partition.messages:
                self._of_record(message.planned)
        # The breaker may close between two faults, and open anew.
        systemic = [fault.seconds for fault in self._state.plan.faults if fault.kind is FaultKind.SYSTEMIC]
        allowed = len(systemic) * LETTERS_BEFORE_OPEN + sum(systemic) / 5
        for process in self._state.processes:
            if process.systemic_letters > allowed:
                self._state.broken(Promise.NO_FLOOD, f"{process.name} wrote {process.systemic_letters} dead letters")
        self._of_order()
        untold = {(process, partition) for partition, process in self._moved.items()} - self._told
        if self._state.is_calm and untold:
            self._state.broken(Promise.POSITION_TOLD, f"nothing is told of {sorted(untold)}")
        if self._state.plan.service is Service.SINK:
            stored = [planned for planned, had_outcome in self._deleted if had_outcome]
            doubtful = {planned.key for planned, had_outcome in self._deleted if not had_outcome}
            kept = [message.planned for partition in self._topic for message in partition.messages]
            planned = [planned for planned in (*stored, *kept) if planned.key not in doubtful]
            self._database.verdict(planned, self._letters)

    def _of_order(self) -> None:
        for (key, *_), offsets in self._sequences.items():
            if offsets != sorted(offsets):
                self._state.broken(Promise.ORDER_KEPT, f"results of {key!r} came in the order of offsets {offsets}")
        # Whoever the group does not hear goes on writing, and nothing fences it; what is made anew has other offsets.
        faults = {fault.kind for fault in self._state.plan.faults}
        if not faults & {FaultKind.ZOMBIE, FaultKind.TWIN, FaultKind.TOPIC_MADE_ANEW}:
            for key, offset in self._last.items():
                if offset < self._newest[key]:
                    newest = self._newest[key]
                    self._state.broken(
                        Promise.ORDER_KEPT, f"the last result of {key!r} is of offset {offset}, and {newest} has one"
                    )

    def _of_record(self, planned: PlannedRecord) -> None:
        superseded = self._state.plan.service is Service.SINK and planned.nature is not Nature.POISON
        if planned.nature in BAD and not self._letters[planned.number] and not superseded:
            self._state.broken(Promise.BAD_RECORD, f"{_named(planned)} has no dead letter")
        if planned.nature in BAD and self._results[planned.number]:
            self._state.broken(Promise.BAD_RECORD, f"{_named(planned)} has a result")


def _named(planned: PlannedRecord) -> str:
    return f"record {planned.number} ({planned.nature.value}, partition {planned.partition})"
