"""What can go wrong while extracting, each as one sentence for a person."""

from __future__ import annotations


class ExtractError(Exception):
    """Base: the message is a whole sentence that says what is wrong and what to do."""


class InputError(ExtractError):
    """What the user named cannot be extracted: it is not there, or of no kind that is read."""


class ArchiveError(ExtractError):
    """An archive or image that is corrupt, hostile, or beyond the limits."""


class SpoolFullError(ExtractError):
    """The spool may not grow further: the event was not kept."""


class SpoolBusyError(ExtractError):
    """Another process is sending the spool."""


class DeliveryError(ExtractError):
    """Kafka or the object store does not take our work now."""
