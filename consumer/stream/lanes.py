"""Key lanes: records of one key work side by side, but publish in the order they were received."""

from __future__ import annotations

import asyncio


class Turn:
    """One record's place in its key's lane."""

    __slots__ = ("_done", "_key", "_lanes", "_predecessor")

    def __init__(self, lanes: dict[bytes, Turn], key: bytes | None) -> None:
        self._lanes = lanes
        self._key = key
        self._done = asyncio.Event()
        self._predecessor: Turn | None = None
        if key is not None:
            self._predecessor = lanes.get(key)
            lanes[key] = self

    async def comes(self) -> None:
        """Wait until all records of this key that were received earlier have left."""
        if self._predecessor is not None:
            await self._predecessor._done.wait()  # noqa: SLF001 - turns of one lane know each other
            # A chain of finished turns must not be kept alive by its newest member.
            self._predecessor = None

    def leave(self) -> None:
        """Let the next record of this key go on. Call exactly once, whatever became of the record."""
        self._done.set()
        if self._key is not None and self._lanes.get(self._key) is self:
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
