"""Content addresses: the key of an object is its digest, so equal textures are stored once."""

from __future__ import annotations

import hashlib


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def object_key(sha256: str, extension: str) -> str:
    """Return ``sha256/ab/cd/<sha256>.<ext>``; ``extension`` comes with or without its dot."""
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}.{extension.removeprefix('.')}"
