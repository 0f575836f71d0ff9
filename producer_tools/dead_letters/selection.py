"""Which letters are meant: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.offsets import Span


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Conditions that all must hold; one with several choices holds for each of them, an empty one always."""

    error_classes: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    spans: tuple[Span, ...] = ()
    asset_ids: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, letter: object) -> bool:
        return (
            isinstance(letter, Letter)
            and (not self.error_classes or letter.error_class in self.error_classes)
            and (not self.stages or letter.stage in self.stages)
            and (not self.spans or any(span.covers(letter.place) for span in self.spans))
            and (not self.asset_ids or letter.asset_id in self.asset_ids)
            and (self.since is None or letter.failed_at >= self.since)
            and (self.until is None or letter.failed_at < self.until)
        )

    @property
    def is_everything(self) -> bool:
        return self == LetterFilter()
