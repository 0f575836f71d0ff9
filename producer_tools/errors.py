"""What can go wrong while extracting, each as one sentence for a person."""

from __future__ import annotations


class ExtractError(Exception):
    """Base: the message is a whole sentence that says what is wrong and what to do."""


class InputError(ExtractError):
    """What the user named cannot be extracted: it is not there, or of no kind that is read."""


class ArchiveError(ExtractError):
    """An archive or image that is corrupt, hostile, or beyond the limits."""


class SpoolError(ExtractError):
    """The spool cannot be used: an event that it should have kept was not kept."""


class SpoolFullError(SpoolError):
    """The spool may not grow further: the event was not kept."""


class SpoolBusyError(SpoolError):
    """Another process is sending the spool."""


class DeliveryError(ExtractError):
    """Kafka or the object store does not take our work now."""


class EventRefusedError(ExtractError):
    """Kafka takes other events, and never this one."""
