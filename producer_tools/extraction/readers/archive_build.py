"""An archive as one build: its images, and what its Unity files hold, the packages of Android inside it included."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.members import Member, textures_of
from producer_tools.extraction.readers.unity_members import UnityMembers, UnpackedFiles
from producer_tools.extraction.readers.zip_members import opened_zip, zip_members
from producer_tools.extraction.textures import Item, Series
from producer_tools.extraction.unity.files.signatures import is_package
from producer_tools.extraction.unity.files.sources import Source
from producer_tools.extraction.unity.reader import UnityReader


class ArchiveBuild:
    """Turns members of archives into textures; what it opens of them stays open as long as ``stack``."""

    def __init__(self, limits: ReadLimits, scratch: Path, unity: UnityReader, stack: ExitStack) -> None:
        self._limits = limits
        self._scratch = scratch
        self._unity = unity
        self._stack = stack
        self._unpacked = UnpackedFiles(scratch)

    def items(self, members: Iterable[Member], engine: str | None = None, beside: Sequence[Source] = ()) -> list[Item]:
        """Return what the members are; pointers of Unity's files may lead to the sources ``beside`` too.

        Raises ArchiveError where the members are too many, or unpack to too much altogether.
        """
        build = UnityMembers(self._with_packages(members), self._unpacked, self._limits)
        items: list[Item] = list(textures_of(build.others, self._limits, engine))
        mains = build.mains
        if mains:
            sources = [*build.sources, *beside]
            items.append(Series(partial(self._unity.open_members, mains, sources, self._limits, self._scratch)))
        return items

    def sources(self, package: Path) -> list[Source]:
        """Return the files of a package that belongs to the same build, none where it cannot be opened."""
        try:
            archive = self._stack.enter_context(opened_zip(package))
            members = self._with_packages(zip_members(archive, self._limits, f"{package.name}/"))
        except ArchiveError:
            return []
        return UnityMembers.sources_of(members, self._unpacked, self._limits)

    def _with_packages(self, members: Iterable[Member]) -> list[Member]:
        every: list[Member] = []
        for member in members:
            package = self._package(member) if member.refusal is None and is_package(member.name) else None
            every += zip_members(package, self._limits, f"{member.name}/") if package else [member]
            self._limits.check_member_count(len(every))
        return every

    def _package(self, member: Member) -> zipfile.ZipFile | None:
        """Return a package inside the archive, None where it cannot be opened: then it is told of as a member."""
        try:
            file = self._stack.enter_context(self._unpacked.open(member, self._limits))
            return self._stack.enter_context(opened_zip(file))
        except ArchiveError:
            return None
