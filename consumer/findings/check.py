"""What a finding is, and what a check has to say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from consumer.findings.texture import Texture


class Severity(StrEnum):
    """How bad a finding is; ``info`` is a fact that is no fault, ``off`` is not looked for."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    INFO = "info"
    OFF = "off"

    @property
    def rank(self) -> int:
        """Return a number that is higher for what is worse."""
        return _RANKS[self]


_RANKS: Final = {
    severity: rank
    for rank, severity in enumerate((Severity.OFF, Severity.INFO, Severity.NOTE, Severity.WARNING, Severity.ERROR))
}

# The value of a texture that has the finding, None for one that has not. The number is the check's limit.
Measure = Callable[[Texture, float], float | None]


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of finding.

    ``id`` and ``name`` never change and are never used again. ``unit`` says what the value is, ``limit`` what it is
    compared with, in words of ``limit_means``; a check without a limit has None. ``why`` and ``remedy`` are sentences.
    """

    id: str
    name: str
    severity: Severity
    unit: str
    why: str
    remedy: str
    measure: Measure
    limit: float | None = None
    limit_means: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """That a texture has what the check of this id looks for; ``value`` in the check's unit."""

    id: str
    value: float
