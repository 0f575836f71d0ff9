"""When to try again: exponential backoff with equal jitter."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

_RNG: Final = random.Random()  # noqa: S311 - spreads load, guards nothing


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays double from ``first_seconds`` up to ``cap_seconds``; half of each is random.

    Equal jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015) keeps a fleet from retrying
    in step, yet never retries at once.
    """

    first_seconds: float = 0.2
    cap_seconds: float = 15.0

    def delay_seconds(self, attempt: int, rng: random.Random | None = None) -> float:
        """Return the pause after failed attempt number ``attempt`` (from 1)."""
        # Beyond 2^32 the cap always wins; a larger exponent would overflow a float during a long outage.
        ceiling = min(self.cap_seconds, self.first_seconds * 2.0 ** min(attempt - 1, 32))
        uniform = (rng or _RNG).uniform
        return ceiling / 2 + uniform(0, ceiling / 2)
