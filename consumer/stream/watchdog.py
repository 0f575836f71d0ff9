"""The watchdog: a consumer that silently stopped delivering is noticed by what it leaves undone."""

from __future__ import annotations

from dataclasses import dataclass


class StalledError(Exception):
    """Something should have happened, and for a while nothing was received, finished or retried."""


@dataclass(slots=True)
class Watchdog:
    """Judges progress; pure, time is handed in as monotonic seconds.

    What could not be measured is not evidence of a stall: a broker that does not answer is an outage, and an outage
    must not restart the fleet.
    """

    stall_seconds: float
    _seen_activity: int = -1
    _active_at: float = 0.0

    def observe(self, *, now: float, activity: int, expected: str | None) -> None:
        """Take one reading; ``expected`` says why something should happen soon, None where nothing need.

        Raises:
            StalledError: something was expected and activity stood still for ``stall_seconds``.

        """
        if activity != self._seen_activity or expected is None:
            self._seen_activity = activity
            self._active_at = now
            return
        idle_seconds = now - self._active_at
        if idle_seconds >= self.stall_seconds:
            raise StalledError(f"{expected}, but no record was received, finished or retried for {idle_seconds:.0f} s")
