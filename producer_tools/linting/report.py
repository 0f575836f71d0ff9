"""What a run of `aegis lint` came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from consumer.findings.check import Check, Severity
from consumer.findings.registry import BY_ID, BY_NAME

_CONVENTIONS: Final = ("opengl", "directx", "undecided")


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding of a texture, as the project sees it.

    ``reason`` says why it is suppressed, None where it is not; ``is_known`` that the baseline has it.
    """

    id: str
    value: float
    severity: Severity
    reason: str | None = None
    is_known: bool = False

    @property
    def check(self) -> Check:
        return BY_ID[self.id]

    @property
    def counts(self) -> bool:
        """Whether it is neither suppressed nor known."""
        return self.reason is None and not self.is_known


@dataclass(frozen=True, slots=True)
class LintedTexture:
    """``file`` is the path of a texture or of the archive that holds it, ``member`` its place in there."""

    file: str
    member: str | None
    width: int
    height: int
    findings: tuple[Reported, ...]

    @property
    def place(self) -> str:
        """Where it is, as patterns and people name it."""
        return f"{self.file}/{self.member}" if self.member else self.file


@dataclass(frozen=True, slots=True)
class NotRead:
    """A file or member that was left out; ``named`` when the user named it himself."""

    place: str
    reason: str
    named: bool


@dataclass(frozen=True, slots=True)
class LintReport:
    """Textures in the order of their places, and what could not be read."""

    textures: Sequence[LintedTexture]
    not_read: Sequence[NotRead] = field(default=())

    def rows(self, least: Severity = Severity.INFO) -> Iterator[tuple[LintedTexture, Reported]]:
        """Yield the findings that count, of this severity or worse."""
        for texture in self.textures:
            for found in texture.findings:
                if found.counts and found.severity.rank >= least.rank:
                    yield texture, found

    def count(self, severity: Severity) -> int:
        return sum(found.severity is severity for _, found in self.rows())

    @property
    def suppressed(self) -> int:
        return sum(found.reason is not None for texture in self.textures for found in texture.findings)

    @property
    def known(self) -> int:
        return sum(found.is_known for texture in self.textures for found in texture.findings)

    @property
    def normal_maps(self) -> dict[str, int]:
        """How many normal maps follow which convention: opengl, directx, undecided."""
        ids = Counter(found.id for texture in self.textures for found in texture.findings)
        return {name: ids[BY_NAME[f"normal-{name}"].id] for name in _CONVENTIONS}

    @property
    def by_check(self) -> dict[str, int]:
        """How many findings count, by the name of the check."""
        counts = Counter(found.id for _, found in self.rows())
        return {check.name: counts[check.id] for check in BY_ID.values() if counts[check.id]}

    def fails(self, least: Severity) -> bool:
        return any(True for _ in self.rows(least))
