"""Readers of archives: one module for each format, each a context manager that yields the textures it finds.

May import the rest of extraction; runs in the child process alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.image import open_image_file
from producer_tools.extraction.readers.seven_zip import open_seven_zip
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.extraction.readers.tar import open_tar
from producer_tools.extraction.readers.unitypackage import open_unitypackage
from producer_tools.extraction.readers.zip_archive import open_zip
from producer_tools.extraction.textures import Item
from producer_tools.extraction.unity.reader import UnityReader


def open_archive(  # noqa: PLR0911 - one case for each kind
    kind: Kind,
    path: Path,
    *,
    alpha: Path | None,
    parts: Sequence[Path],
    limits: ReadLimits,
    scratch: Path,
    unity: UnityReader,
) -> AbstractContextManager[Sequence[Item]]:
    """Open a file of this kind; entries load while the context lasts. Raises ArchiveError on entry."""
    match kind:
        case Kind.IMAGE:
            return open_image_file(path, alpha, limits)
        case Kind.ZIP:
            return open_zip(path, limits, scratch, unity)
        case Kind.TAR:
            return open_tar(path, limits, scratch, unity)
        case Kind.SEVEN_ZIP:
            return open_seven_zip(path, limits, scratch, unity)
        case Kind.UNITYPACKAGE:
            return open_unitypackage(path, limits, scratch, unity)
        case Kind.UNITY:
            return unity.open(path, parts, limits, scratch)
        case _:
            from producer_tools.extraction.games.opening import OPENERS  # noqa: PLC0415 - they import our members

            return OPENERS[kind](path, limits)
