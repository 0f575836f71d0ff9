"""What kind of file this is: by its first bytes, and by its name where the bytes do not say."""

from __future__ import annotations

import struct
from enum import StrEnum
from pathlib import Path
from typing import Final

from producer_tools.pixels import EXTENSIONS

_HEAD_BYTES: Final = 64
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_UNITY: Final = (b"UnityFS\0", b"UnityWeb\0", b"UnityRaw\0", b"UnityWebData")
_IMAGES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"DDS ", b"8BPS", b"GIF8", b"II*\0", b"MM\0*")
_ZIP_NAMES: Final = frozenset({".zip", ".pk3", ".pk4", ".wz", ".jar", ".apk"})
_UNITY_NAMES: Final = frozenset({".unity3d", ".bundle", ".assets", ".ab", ".assetbundle"})
_SERIALIZED_VERSIONS: Final = range(6, 40)
_LARGE_FILES_VERSION: Final = 22


class Kind(StrEnum):
    IMAGE = "image"
    ZIP = "zip"
    UNITYPACKAGE = "unitypackage"
    UNITY = "unity"


def sniff(path: Path) -> Kind | None:
    """Return the kind of a file, None when it is none that is read; raises OSError when it cannot be opened."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    extension = path.suffix.lower()
    if extension == ".unitypackage":
        return Kind.UNITYPACKAGE
    if head.startswith(_UNITY) or extension in _UNITY_NAMES or _is_serialized(head, path.stat().st_size):
        return Kind.UNITY
    if head.startswith(_ZIP) or extension in _ZIP_NAMES:
        return Kind.ZIP
    if head.startswith(_IMAGES) or extension in EXTENSIONS:
        return Kind.IMAGE
    return None


def _is_serialized(head: bytes, size_bytes: int) -> bool:
    """Tell a Unity assets file, which has no magic, by a header that states the file's own size."""
    if len(head) < 48:
        return False
    _, stated_bytes, version, _ = struct.unpack_from(">4I", head)
    if version not in _SERIALIZED_VERSIONS:
        return False
    if version >= _LARGE_FILES_VERSION:
        (stated_bytes,) = struct.unpack_from(">q", head, 24)
    return bool(stated_bytes == size_bytes)
