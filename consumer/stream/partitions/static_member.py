"""Two processes under one name in a group, which Kafka lets take each other's place for ever.

aiokafka 0.14 says the name only when it joins, so that brokers rarely fence either: each that is thrown out joins again
at once, throws the other out, and both have partitions in turn, many times a minute.
"""

from __future__ import annotations

from typing import Final

# Losses in a row. One alone may be a session that timed out, or a coordinator that moved.
_ENDURED: Final = 3


class InstanceIdTakenError(Exception):
    """Another process goes by our name in the group; the text says which setting to change."""


class PlaceLostError(Exception):
    """The brokers know another member by our name; it may be us of before, so that a new session joins anew."""


class StaticMember:
    """Counts how often our place was taken; pure, time is handed in as monotonic seconds.

    Whoever was a member for long before goes on, unready, and the newcomer ends. Of several newcomers one ends after
    the other, each when it has just lost its place: the one that has it then is not disturbed again.
    """

    def __init__(self, name: str | None, group: str, window_seconds: float) -> None:
        self._name = name
        self._group = group
        # Within it nobody loses a place by silence: that takes as long for each.
        self._window_seconds = window_seconds
        self._member_id = ""
        self._joined_at: float | None = None
        self._is_elder = False
        # In a row, each within a window after the one before: a slow broker makes the quarrel slow, not another one.
        self._taken_count = 0
        self._last_taken_at = 0.0

    def joined(self, member_id: str, now: float) -> None:
        """Note a membership, which has another id where the one before was taken."""
        if self._joined_at is None:
            self._joined_at = now
        elif self._member_id not in {"", member_id}:
            self._note_taken(now)
        self._member_id = member_id

    def lost(self, now: float) -> None:
        """Note that the group no longer knows our id, before we join again.

        Raises:
            InstanceIdTakenError: our place was taken again and again, and we are the newcomer: do not join again.

        """
        self._member_id = ""
        self._note_taken(now)
        if self._name is not None and self._taken_count >= _ENDURED and not self._is_elder:
            raise self._taken()

    def problem(self, now: float) -> str | None:
        """Return what is wrong while our place is taken again and again."""
        is_taken = self._name is not None and self._taken_count > 1 and self._is_quarrel(now)
        return str(self._taken()) if is_taken else None

    def fenced(self, now: float) -> InstanceIdTakenError | PlaceLostError:
        """Note that the brokers say that another member goes by our name; return what to end the session with.

        Said once it proves nothing: a coordinator that was killed while we joined knows the member that we were before.
        """
        try:
            self.lost(now)
        except InstanceIdTakenError as error:
            return error
        return PlaceLostError(f"group {self._group} knows another member by the name {self._name}")

    def _taken(self) -> InstanceIdTakenError:
        return InstanceIdTakenError(
            f"another member of group {self._group} goes by AEGIS_STREAM_GROUP_INSTANCE_ID={self._name}, too: "
            "give each process a name of its own, or none"
        )

    def _note_taken(self, now: float) -> None:
        if not self._is_quarrel(now):
            self._taken_count = 0
            self._is_elder = self._joined_at is not None and now - self._joined_at > self._window_seconds
        self._taken_count += 1
        self._last_taken_at = now

    def _is_quarrel(self, now: float) -> bool:
        return self._taken_count > 0 and now - self._last_taken_at <= self._window_seconds
