"""What can go wrong with dead letters, each as one sentence for a person."""

from __future__ import annotations


class DeadLetterError(Exception):
    """Base: the message is a whole sentence that says what is wrong and what to do."""


class LettersBusyError(DeadLetterError):
    """Another process is at the same letters."""


class ScatteredError(DeadLetterError):
    """Too many letters were closed one here, one there: their places no longer fit into the group's offset."""
