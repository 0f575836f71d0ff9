"""The records of a run, and what must become of them: pure, and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from schemas import AssetExtracted, ObjectRef, encode_event
from tests.chaos.poison import KINDS, Poison
from tests.chaos.scenario import Scenario

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# Of the good records: an asset extracted again, the same event sent twice, an older event that comes late, a removal,
# a removed asset that is extracted again, and an event of a clock that is ahead, overtaken by one of a right clock.
_AGAIN, _TWICE, _LATE, _REMOVED, _BACK, _AHEAD = 0.08, 0.02, 0.02, 0.03, 0.01, 0.01
_AHEAD_BY = (timedelta(hours=1), timedelta(days=27_000))


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """One record to publish; ``poison`` names its kind, None for a good one."""

    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int
    poison: str | None = None


@dataclass(slots=True)
class Load:
    """Everything that is published, in order, and for each asset the event that must be its current one in the end."""

    records: list[PlannedRecord] = field(default_factory=list)
    expected: dict[str, AssetExtracted] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Writer:
    """Writes records one millisecond after the other, so that "newer" has one meaning."""

    load: Load
    objects: Sequence[ObjectRef]
    rng: random.Random
    clock_ms: int = 0
    assets: list[str] = field(default_factory=list)
    history: dict[str, list[AssetExtracted]] = field(default_factory=dict)
    # When each asset's expected event counts as having happened.
    newest: dict[str, datetime] = field(default_factory=dict)
    ahead_of_time: list[str] = field(default_factory=list)

    def tick(self) -> datetime:
        self.clock_ms += 1
        return _EPOCH + timedelta(milliseconds=self.clock_ms)

    def uuid(self) -> UUID:
        return UUID(int=self.rng.getrandbits(128), version=4)

    def event(self, asset_id: str, occurred_at: datetime | None = None) -> AssetExtracted:
        return AssetExtracted(
            event_id=self.uuid(),
            schema_version=AssetExtracted.SCHEMA_VERSION,
            occurred_at=occurred_at or self.tick(),
            asset_id=asset_id,
            object=self.rng.choice(self.objects),
        )

    def write(
        self, key: bytes, value: bytes | None, poison: str | None = None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        number = f"{len(self.load.records)}".encode()
        timestamp_ms = int(self.tick().timestamp() * 1000)
        self.load.records.append(PlannedRecord(key, value, (("chaos-number", number), *headers), timestamp_ms, poison))

    def publish(self, event: AssetExtracted) -> None:
        self.write(event.asset_id.encode(), encode_event(event))
        # No event counts as later than its record.
        occurred_at = min(event.occurred_at, _EPOCH + timedelta(milliseconds=self.clock_ms))
        if event.asset_id not in self.load.expected or self.newest[event.asset_id] < occurred_at:
            self.load.expected[event.asset_id] = event
            self.newest[event.asset_id] = occurred_at
        self.history.setdefault(event.asset_id, []).append(event)

    def first(self) -> None:
        asset_id = f"chaos/{len(self.load.records):05d}"
        self.assets.append(asset_id)
        self.publish(self.event(asset_id))

    def again(self) -> None:
        self.publish(self.event(self.known_asset()))

    def twice(self) -> None:
        self.publish(self.history[self.known_asset()][-1])

    def late(self) -> None:
        """Publish an event that is older than the newest of its asset, as a replay does."""
        asset_id = self.known_asset()
        self.publish(self.event(asset_id, self.newest[asset_id] - timedelta(milliseconds=1)))

    def ahead(self) -> None:
        """Publish an event of a clock that is an hour ahead, or for ever."""
        asset_id = self.known_asset()
        self.ahead_of_time.append(asset_id)
        self.publish(self.event(asset_id, self.tick() + self.rng.choice(_AHEAD_BY)))

    def overtake(self) -> None:
        """Extract an asset again whose last event said a time to come, if there is one."""
        there = [asset_id for asset_id in self.ahead_of_time if asset_id in self.load.expected]
        self.ahead_of_time = there[1:]
        self.publish(self.event(there[0] if there else self.known_asset()))

    def remove(self) -> None:
        """Remove the asset that was published last: the removal follows its event on the heels."""
        asset_id = self.assets.pop()
        self.write(asset_id.encode(), None)
        del self.load.expected[asset_id]
        self.load.removed.append(asset_id)

    def back(self) -> None:
        """Extract an asset again that was removed, if there is one."""
        if not self.load.removed:
            self.first()
            return
        asset_id = self.load.removed.pop(self.rng.randrange(len(self.load.removed)))
        self.assets.append(asset_id)
        self.publish(self.event(asset_id))

    def known_asset(self) -> str:
        return self.rng.choice(self.assets)


def make_load(scenario: Scenario, objects: Sequence[ObjectRef], poison: Poison, seed: int) -> Load:
    """Return the load of a run; ``objects`` lie in the store, as do those of ``poison``."""
    rng = random.Random(seed)
    writer = _Writer(Load(), objects, rng)
    for step in _steps(writer, scenario, poison):
        step()
    return writer.load


def _steps(writer: _Writer, scenario: Scenario, poison: Poison) -> Iterator[Callable[[], None]]:
    bad = [kind for kind in KINDS for _ in range(round(scenario.events * scenario.poison_each))]
    good = scenario.events - len(bad)
    special = [
        *[writer.again] * round(good * _AGAIN),
        *[writer.twice] * round(good * _TWICE),
        *[writer.late] * round(good * _LATE),
        *[writer.remove] * round(good * _REMOVED),
        *[writer.back] * round(good * _BACK),
        *[writer.ahead] * round(good * _AHEAD),
        *[writer.overtake] * round(good * _AHEAD),
    ]
    later: list[Callable[[], None]] = [
        *special,
        *[writer.first] * (good - len(special) - 10),
        *(_poisoning(writer, poison, kind) for kind in bad),
    ]
    writer.rng.shuffle(later)
    # The first ten are good, so that there is always an asset to extract again.
    yield from [writer.first] * 10
    yield from later


def _poisoning(writer: _Writer, poison: Poison, kind: str) -> Callable[[], None]:
    def step() -> None:
        asset_id = f"poison/{kind}/{len(writer.load.records):05d}"
        key, value, headers = poison.record(kind, writer.event(asset_id))
        writer.write(key, value, kind, headers)

    return step
