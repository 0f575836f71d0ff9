"""Why an object is not an image that we tag."""

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
    """The object itself is at fault; trying again cannot help."""

    def __init__(self, code: Rejection, message: str) -> None:
        super().__init__(message)
        self.code = code
