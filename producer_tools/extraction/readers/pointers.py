"""Pointers of Git LFS, which bear the name of a texture and hold none."""

from __future__ import annotations

from producer_tools.extraction.readers.known import LFS_POINTER
from producer_tools.extraction.readers.sniff import kind_by_name


def why_pointer(name: str, head: bytes) -> str | None:
    """Return why a pointer that stands for a texture or an archive is left out, to go after its name."""
    if not head.startswith(LFS_POINTER) or kind_by_name(name) is None:
        return None
    return "is a pointer of Git LFS, and its contents are not here: run git lfs pull"
