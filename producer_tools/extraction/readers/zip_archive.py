"""Zip archives under their many names: zip, pk3, pk4, wz, jar, apk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.archive_build import ArchiveBuild
from producer_tools.extraction.readers.zip_members import opened_zip, zip_members
from producer_tools.extraction.textures import Item
from producer_tools.extraction.unity.reader import UnityReader


@contextmanager
def open_zip(path: Path, limits: ReadLimits, scratch: Path, unity: UnityReader) -> Iterator[list[Item]]:
    """Yield the images of the archive, and what its Unity files hold: they are one build.

    Of archives inside it the packages of Android are opened; others are named. Packages that were named together, an
    .apk and its .obb, are one build too.

    Raises:
        ArchiveError: corrupt, or beyond the limits on members and total size.

    """
    with ExitStack() as stack:
        build = ArchiveBuild(limits, scratch, unity, stack)
        members = zip_members(stack.enter_context(opened_zip(path)), limits)
        beside = [source for package in unity.packages_beside(path) for source in build.sources(package)]
        yield build.items(members, beside=beside)
