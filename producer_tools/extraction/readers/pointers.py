"""Pointers of Git LFS, which bear the name of a texture and hold none."""

from __future__ import annotations

from typing import Final

from producer_tools.extraction.readers.known import LFS_POINTER
from producer_tools.extraction.readers.sniff import kind_by_name

INSIDE: Final = (
    "is a pointer of Git LFS, and the archive was packed without its contents: run git lfs pull, and pack it again"
)


def is_pointer(data: bytes) -> bool:
    """Tell whether a file, or its beginning, is such a pointer."""
    return data.startswith(LFS_POINTER)


def why_pointer(name: str, head: bytes) -> str | None:
    """Return why a pointer that stands for a texture or an archive is left out, to go after its name."""
    if not is_pointer(head) or kind_by_name(name) is None:
        return None
    return "is a pointer of Git LFS, and its contents are not here: run git lfs pull"
