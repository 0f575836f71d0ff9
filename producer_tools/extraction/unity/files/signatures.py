"""The first bytes of Unity's files."""

from __future__ import annotations

import struct
from typing import Final

from producer_tools.extraction.parts import whole_name

# What textures have their pixels in; by itself it says nothing.
RESOURCES: Final = (".ress", ".resource")
# What holds an Android game together; those of one game are one build.
_PACKAGES: Final = (".apk", ".obb")
BUNDLE_MAGICS: Final = (b"UnityFS\0", b"UnityRaw\0", b"UnityWeb\0")
_SERIALIZED_VERSIONS: Final = range(6, 40)
_LARGE_FILES_VERSION: Final = 22


def is_package(name: str) -> bool:
    return name.lower().endswith(_PACKAGES)


def is_of_a_build(name: str) -> bool:
    """Tell whether the name says that a file belongs to a Unity build, whose first bytes may say nothing."""
    whole = whole_name(name)
    return whole is not None or is_package(name) or name.lower().endswith(RESOURCES)


def is_serialized(head: bytes, size_bytes: int) -> bool:
    """Tell an assets file, which has no magic, by a header that states the file's own size."""
    if len(head) < 48:
        return False
    _, stated_bytes, version, _ = struct.unpack_from(">4I", head)
    if version not in _SERIALIZED_VERSIONS:
        return False
    if version >= _LARGE_FILES_VERSION:
        (stated_bytes,) = struct.unpack_from(">q", head, 24)
    return bool(stated_bytes == size_bytes)
