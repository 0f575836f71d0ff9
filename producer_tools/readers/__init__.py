"""Readers of archives: one a file, each a context that yields the textures found."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from producer_tools.limits import ReadLimits
from producer_tools.readers.image import open_image_file
from producer_tools.readers.sniff import Kind
from producer_tools.readers.unity import open_unity
from producer_tools.readers.unitypackage import open_unitypackage
from producer_tools.readers.zip_archive import open_zip
from producer_tools.textures import Entry, Left


def open_archive(
    kind: Kind, path: Path, *, alpha: Path | None, limits: ReadLimits, scratch: Path
) -> AbstractContextManager[list[Entry | Left]]:
    """Open a file of this kind; entries load while the context lasts. Raises ArchiveError on entry."""
    match kind:
        case Kind.IMAGE:
            return open_image_file(path, alpha, limits)
        case Kind.ZIP:
            return open_zip(path, limits)
        case Kind.UNITYPACKAGE:
            return open_unitypackage(path, limits, scratch)
        case Kind.UNITY:
            return open_unity(path, limits)
