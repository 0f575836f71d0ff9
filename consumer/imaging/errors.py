"""Why an object is not an image that we read."""

from __future__ import annotations

from enum import StrEnum


class Rejection(StrEnum):
    """The reasons."""

    NOT_AN_IMAGE = "not an image"
    FORMAT_NOT_ALLOWED = "format not allowed"
    TOO_MANY_BYTES = "too many bytes"
    TOO_MANY_PIXELS = "too many pixels"
    UNDECODABLE = "undecodable"


class ImageRejectedError(Exception):
    """The object itself is at fault; trying again cannot help. ``reason`` goes after the name of the image."""

    def __init__(self, code: Rejection, reason: str) -> None:
        super().__init__(f"the {'object' if code is Rejection.NOT_AN_IMAGE else 'image'} {reason}")
        self.code = code
        self.reason = reason


def undecodable(reason: str) -> ImageRejectedError:
    """Return the error for an image that is damaged or of a kind that is not read; ``reason`` says what to do."""
    return ImageRejectedError(Rejection.UNDECODABLE, reason)
