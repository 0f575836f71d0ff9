"""What can go wrong with the lake; imports nothing of the extra `lake`."""

from __future__ import annotations


class LakeError(Exception):
    """Base of the lake's errors: no row is to blame unless it says so."""


class LakeUnavailableError(LakeError):
    """The catalog or the object store does not take our rows now: an outage, so try again."""


class LakeConflictError(LakeUnavailableError):
    """Others changed the table again and again while we wrote: nothing of ours is in, so try again."""


class LakeSetupError(LakeError):
    """The tables are missing, or must be set up otherwise."""


class RowUnfitError(LakeError):
    """The tables will never take this row: the data is at fault."""
