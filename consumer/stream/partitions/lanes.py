"""Key lanes: records of one key work side by side, but publish in the order they were received."""

from __future__ import annotations

import asyncio


class Turn:
    """One record's place in its key's lane."""

    __slots__ = ("_done", "_key", "_lanes", "_left", "_predecessor")

    def __init__(self, lanes: dict[bytes, Turn], key: bytes | None) -> None:
        self._lanes = lanes
        self._key = key
        self._left = asyncio.Event()
        self._done = False
        self._predecessor: Turn | None = None
        if key is not None:
            self._predecessor = lanes.get(key)
            lanes[key] = self

    @property
    def is_up(self) -> bool:
        """Whether all records of this key that were received earlier have left with their outcome."""
        return self._predecessor is None or self._predecessor._done  # noqa: SLF001 - turns of one lane know each other

    async def comes(self) -> bool:
        """Wait until all records of this key that were received earlier have left.

        Return False when one of them left without its outcome: it is delivered again, and nobody may overtake it.
        """
        if self._predecessor is None:
            return True
        await self._predecessor._left.wait()  # noqa: SLF001 - turns of one lane know each other
        return self._predecessor._done  # noqa: SLF001 - as above

    def leave(self, *, done: bool) -> None:
        """Let the next record of this key go on, if this one's outcome is durable. Call exactly once."""
        self._done = done
        # A chain of finished turns must not be kept alive by its newest member.
        self._predecessor = None
        self._left.set()
        if done and self._key is not None and self._lanes.get(self._key) is self:
            del self._lanes[self._key]


class KeyLanes:
    """The lanes of one partition; a record without a key has no order to keep."""

    __slots__ = ("_newest",)

    def __init__(self) -> None:
        self._newest: dict[bytes, Turn] = {}

    def enter(self, key: bytes | None) -> Turn:
        """Take the next place in the key's lane; call in offset order."""
        return Turn(self._newest, key)

    def __len__(self) -> int:
        return len(self._newest)
