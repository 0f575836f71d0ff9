"""The breaker: when most records fail, the fault is systemic and the dead-letter topic is the wrong place for them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    # One record is let through to find out whether the fault is over.
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """Opens above ``failed_fraction`` of the last ``window`` records, or after ``in_a_row`` failures."""

    window: int = 200
    failed_fraction: float = 0.5
    in_a_row: int = 1000
    cool_down_seconds: float = 30.0


class Breaker:
    """Counts dead letters among finished records; pure, time is handed in as monotonic seconds."""

    __slots__ = ("_failed_in_a_row", "_failed_in_window", "_limits", "_opened_at", "_outcomes", "_state")

    def __init__(self, limits: BreakerLimits) -> None:
        self._limits = limits
        self._outcomes: deque[bool] = deque(maxlen=limits.window)
        self._failed_in_window = 0
        self._failed_in_a_row = 0
        self._opened_at = 0.0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        return self._state

    def succeeded(self) -> None:
        """Count a record that did not become a dead letter; while open, it was in flight already and closes nothing."""
        if self._state is BreakerState.HALF_OPEN:
            self._reset()
        self._note(failed=False)

    def failed(self, now: float) -> None:
        """Count a record that became a dead letter."""
        self._note(failed=True)
        if self._state is BreakerState.HALF_OPEN or (self._state is BreakerState.CLOSED and self._is_systemic()):
            self._state = BreakerState.OPEN
            self._opened_at = now

    def admits(self, now: float, in_flight: int) -> bool:
        """Tell whether a record may be taken in; when open, one at a time after each cool-down."""
        if self._state is BreakerState.CLOSED:
            return True
        if self._state is BreakerState.OPEN and now - self._opened_at >= self._limits.cool_down_seconds:
            self._state = BreakerState.HALF_OPEN
        return self._state is BreakerState.HALF_OPEN and in_flight == 0

    def _note(self, *, failed: bool) -> None:
        if len(self._outcomes) == self._outcomes.maxlen:
            self._failed_in_window -= self._outcomes[0]
        self._outcomes.append(failed)
        self._failed_in_window += failed
        self._failed_in_a_row = self._failed_in_a_row + 1 if failed else 0

    def _is_systemic(self) -> bool:
        window_is_full = len(self._outcomes) == self._limits.window
        too_many = self._failed_in_window > self._limits.failed_fraction * self._limits.window
        return (window_is_full and too_many) or self._failed_in_a_row >= self._limits.in_a_row

    def _reset(self) -> None:
        self._state = BreakerState.CLOSED
        self._outcomes.clear()
        self._failed_in_window = 0
        self._failed_in_a_row = 0
