"""What a request brings, as image bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from consumer.gateway.bodies import json_of
from consumer.gateway.refusals import RefusedError
from schemas.base import AssetId
from schemas.http import TagRequest, Threshold
from schemas.wire import explain

_ASSET_ID: Final = TypeAdapter[str | None](AssetId | None)
_THRESHOLD: Final = TypeAdapter[float](Threshold)


def parse_tag_request(body: bytes) -> tuple[TagRequest, bytes]:
    """Return the request and its image; raises RefusedError for what is not one."""
    fields = json_of(body)
    if not isinstance(fields, dict):
        raise RefusedError(422, "the body is not a JSON object with image_data")
    try:
        request = TagRequest.model_validate(fields)
    except ValidationError as error:
        raise RefusedError(422, explain(error)) from error
    return request, image_bytes(request.image_data)


def parse_form_fields(asset_id: str | None, threshold: str | None) -> tuple[str | None, float | None]:
    """Return the texts of a form as what they stand for; raises RefusedError."""
    problems: dict[str, ValidationError] = {}
    found_threshold: float | None = None
    try:
        _ASSET_ID.validate_python(asset_id)
    except ValidationError as error:
        problems["asset_id"] = error
    if threshold is not None:
        try:
            found_threshold = _THRESHOLD.validate_python(threshold)
        except ValidationError as error:
            problems["confidence_threshold"] = error
    if problems:
        raise RefusedError(422, "; ".join(explain(error, name) for name, error in problems.items()))
    return asset_id, found_threshold


def image_bytes(text: str) -> bytes:
    """Decode base64, or a data: URI that holds it; line breaks are taken. Raises RefusedError."""
    head, comma, encoded = text.partition(",")
    if text[:5].lower() == "data:":
        if not comma or not head.lower().endswith(";base64"):
            raise RefusedError(422, "image_data is a data: URI without base64: write data:image/png;base64,…")
    else:
        encoded = text
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(422, f"image_data is not base64: {error}") from error
    if not data:
        raise RefusedError(422, "image_data is empty")
    return data


_SIGNATURES: Final[Mapping[bytes, tuple[str, str]]] = {
    b"\x89PNG": ("png", "image/png"),
    b"\xff\xd8\xff": ("jpg", "image/jpeg"),
    b"RIFF": ("webp", "image/webp"),
    b"GIF8": ("gif", "image/gif"),
    b"BM": ("bmp", "image/bmp"),
    b"DDS ": ("dds", "image/vnd-ms.dds"),
    b"8BPS": ("psd", "image/vnd.adobe.photoshop"),
    b"II*\0": ("tif", "image/tiff"),
    b"MM\0*": ("tif", "image/tiff"),
}


def file_type(data: bytes) -> tuple[str, str]:
    """Return the extension and media type of an image that was decoded; what has no signature is a TGA."""
    return next((kind for signature, kind in _SIGNATURES.items() if data.startswith(signature)), ("tga", "image/x-tga"))
