"""The promises of docs/delivery.md, in its words and its order: what a simulation looks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Promise(StrEnum):
    """The table's promises; a test holds them to the page."""

    NOTHING_LOST = "Nothing is lost."
    NOT_TWICE = "Nothing is counted twice."
    OUTAGE_DELAYS = "An outage delays records but does not fail them."
    BAD_RECORD = "A bad record never blocks its partition."
    NO_FLOOD = "A systemic failure does not flood the dead-letter topic."
    MEMORY_BOUNDED = "Memory is bounded."
    ORDER_KEPT = "Order is kept per key."
    STUCK_TOLD = "A stuck partition is told."
    POSITION_TOLD = "A position that moves is told."
    STALL_DETECTED = "A silent stall is detected."
    WORD_KEPT = "A person's word is kept."
    ENDS_WHEN_TOLD = "A process ends when it is told to, and only then."


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, and how."""

    promise: Promise
    text: str

    def __str__(self) -> str:
        return f"{self.promise.value} But: {self.text}"
