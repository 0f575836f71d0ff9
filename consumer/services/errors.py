"""Errors of the services themselves."""

from __future__ import annotations


class StartupError(Exception):
    """The process cannot start as it is configured; one sentence says what to change."""


class ChecksumMismatchError(Exception):
    """The object is not the one the event speaks of."""


class ImageMismatchError(Exception):
    """The image's dimensions are not those that the event states."""
