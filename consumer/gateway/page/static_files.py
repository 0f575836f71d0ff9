"""Styles, scripts and the icon: read once, addressed by their content, kept by browsers for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consumer.gateway.html import SAFE_HEADERS
from consumer.gateway.refusals import RefusedError

_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    media_type: str


def _read() -> tuple[str, Mapping[str, StaticFile]]:
    found = {
        item.name: StaticFile(item.read_bytes(), _TYPES[item.name.rpartition(".")[2]])
        for item in sorted(files("consumer.gateway").joinpath("static").iterdir(), key=lambda item: item.name)
    }
    digest = hashlib.sha256(b"".join(name.encode() + file.content for name, file in found.items()))
    return digest.hexdigest()[:12], found


# One version for all of them, so that a module's imports of its neighbours need no rewriting.
VERSION, _FILES = _read()


def static_url(name: str) -> str:
    """Return the address of a file; raises KeyError for one that is not there."""
    _FILES[name]
    return f"/static/{VERSION}/{name}"


async def static_file(request: Request) -> Response:
    file = _FILES.get(request.path_params["name"])
    if file is None or request.path_params["version"] != VERSION:
        raise RefusedError(404, "there is no such file: reload the page")
    return Response(file.content, headers={"Cache-Control": _FOR_EVER, **SAFE_HEADERS}, media_type=file.media_type)
