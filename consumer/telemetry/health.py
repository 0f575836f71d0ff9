"""What the probes answer: liveness is loop and progress, readiness is whether work is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

# Returns None while all is well, else one sentence.
Check = Callable[[], str | None]


@dataclass(slots=True)
class Health:
    """Named checks. An outage of a dependency fails readiness only: it must not restart the fleet."""

    _liveness: dict[str, Check] = field(default_factory=dict)
    _readiness: dict[str, Check] = field(default_factory=dict)
    _refreshers: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    def add_liveness(self, name: str, check: Check) -> None:
        self._liveness[name] = check

    def add_readiness(self, name: str, check: Check) -> None:
        self._readiness[name] = check

    def add_refresher(self, refresh: Callable[[], Awaitable[object]]) -> None:
        """Await this before readiness is told, so that a check need not answer from memory."""
        self._refreshers.append(refresh)

    async def refresh(self) -> None:
        for refresh in self._refreshers:
            await refresh()

    def liveness(self) -> dict[str, str | None]:
        """Return each check's problem; answering at all shows that the event loop runs."""
        return {name: check() for name, check in self._liveness.items()}

    def readiness(self) -> dict[str, str | None]:
        """Return each check's problem, liveness included; without any check nothing is set up yet."""
        if not self._readiness:
            return {"start": "starting up"}
        return {**self.liveness(), **{name: check() for name, check in self._readiness.items()}}
