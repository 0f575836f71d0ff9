"""One dead letter as it lies on its topic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from producer_tools.dead_letters.offsets import PartitionOffset
from schemas import DeadLetter
from schemas.dead_letters import HEADER_PREFIX, header_name, replay_count

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A record of a dead-letter topic. ``history`` is None where its headers hold none that we can read."""

    place: PartitionOffset
    failed_at: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers
    history: DeadLetter | None

    @classmethod
    def of(cls, record: Any) -> Letter:
        """Return what a consumer's record holds."""
        headers = tuple(record.headers)
        return cls(
            place=PartitionOffset(record.partition, record.offset),
            failed_at=datetime.fromtimestamp(max(0, record.timestamp) / 1000, UTC),
            key=record.key,
            value=record.value,
            headers=headers,
            history=DeadLetter.from_headers(headers),
        )

    @property
    def error_class(self) -> str:
        return self.history.error_class if self.history else "unknown"

    @property
    def stage(self) -> str:
        return str(self.history.error_stage) if self.history else "unknown"

    @property
    def asset_id(self) -> str:
        """The key as text; what is no text is shown in escapes."""
        return (self.key or b"").decode("utf-8", errors="backslashreplace")

    @property
    def replay_count(self) -> int:
        return replay_count(self.headers)

    def original_headers(self) -> Headers:
        """Return the headers that the record had, and behind them how often it was put back, this time included."""
        kept = tuple((name, value) for name, value in self.headers if not name.startswith(HEADER_PREFIX))
        return (*kept, (header_name("replay_count"), str(self.replay_count + 1).encode()))

    def original_timestamp_ms(self) -> int | None:
        """Return the record's own time, milliseconds since the epoch; None where the history does not tell."""
        try:
            moment = datetime.fromisoformat(self.history.timestamp) if self.history else None
        except ValueError:
            return None
        return None if moment is None or moment.tzinfo is None else max(0, round(moment.timestamp() * 1000))
