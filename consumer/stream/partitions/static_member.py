"""Two processes under one name in a group, which Kafka lets take each other's place for ever.

aiokafka 0.14 says the name only when it joins, so that brokers rarely fence either: each that is thrown out joins again
at once, throws the other out, and both have partitions in turn, many times a minute.
"""

from __future__ import annotations

import random


class InstanceIdTakenError(Exception):
    """Another process goes by our name in the group; the text says which setting to change."""


class StaticMember:
    """Counts how often our place was taken; pure, time is handed in as monotonic seconds.

    Whoever was a member for long before goes on, unready, and the newcomer ends. Of several newcomers one ends after
    the other, each after a number of its own, so that the last can stay.
    """

    def __init__(self, name: str | None, group: str, window_seconds: float) -> None:
        self._name = name
        self._group = group
        # Within it nobody loses a place by silence: that takes as long for each.
        self._window_seconds = window_seconds
        self._endured = random.randint(3, 9)  # noqa: S311 - not a secret
        self._member_id = ""
        self._joined_at: float | None = None
        self._is_elder = False
        # In a row, each within a window after the one before: a slow broker makes the quarrel slow, not another one.
        self._taken_count = 0
        self._last_taken_at = 0.0

    def joined(self, member_id: str, now: float) -> None:
        """Note a membership, which has another id where the one before was taken.

        Raises:
            InstanceIdTakenError: our place was taken again and again, and we are the newcomer.

        """
        if self._name is None:
            return
        if self._joined_at is None:
            self._joined_at = now
        elif member_id != self._member_id:
            if not self._is_quarrel(now):
                self._taken_count = 0
                self._is_elder = now - self._joined_at > self._window_seconds
            self._taken_count += 1
            self._last_taken_at = now
        self._member_id = member_id
        if self._taken_count >= self._endured and not self._is_elder:
            raise self.taken()

    def problem(self, now: float) -> str | None:
        """Return what is wrong while our place is taken again and again."""
        return str(self.taken()) if self._taken_count > 1 and self._is_quarrel(now) else None

    def taken(self) -> InstanceIdTakenError:
        """Return what to raise where Kafka itself says that another member goes by our name."""
        return InstanceIdTakenError(
            f"another member of group {self._group} goes by AEGIS_STREAM_GROUP_INSTANCE_ID={self._name}, too: "
            "give each process a name of its own, or none"
        )

    def _is_quarrel(self, now: float) -> bool:
        return self._taken_count > 0 and now - self._last_taken_at <= self._window_seconds
