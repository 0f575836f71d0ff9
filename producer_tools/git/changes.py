"""The files that changed between two commits, written aside as they are in each, so that they can be extracted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from consumer.storage.objects import ObjectStore
from producer_tools.errors import InputError
from producer_tools.extraction.readers.sniff import Kind, kind_by_name, sniff
from producer_tools.git.atlases import named_pages
from producer_tools.git.lfs import Pointer, fill_from_clone, fill_from_store, pointer_of
from producer_tools.git.repository import Repository, units
from producer_tools.project import Root, root_of
from schemas.connections import ObjectStoreConnection

# What Unity keeps beside each asset: it says how one is imported, and holds no texture.
_BESIDE: Final = ".meta"


@dataclass(slots=True)
class Side:
    """Files of one commit, in folders; ``roots`` says which the user named in their places.

    ``files`` by what extraction calls them; ``missing`` are those of them whose contents Git LFS has elsewhere.
    """

    roots: dict[Path, Root] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Changes:
    """``new``: what is new or changed, as it is now. ``old``: that of which textures may be gone, as it was.

    ``outage``: why the object store could not be asked for contents that Git LFS has elsewhere.
    """

    count: int = 0
    new: Side = field(default_factory=Side)
    old: Side = field(default_factory=Side)
    outage: str | None = None


class Writer:
    """Writes what changed in each folder below ``scratch``."""

    def __init__(self, commits: str, scratch: Path, store: ObjectStoreConnection | None, max_bytes: int) -> None:
        self._commits = commits
        self._scratch = scratch
        self._store = store
        self._max_bytes = max_bytes
        self.changes: Final = Changes()

    async def write(self, folders: Sequence[Path], game: str | None) -> Changes:
        """Raise InputError for what git does not know."""
        for folder in folders:
            if not folder.is_dir():
                raise InputError(f"{folder} is no folder: --git takes folders of a work tree.")
            await self._folder(await asyncio.to_thread(Repository, folder), root_of(folder, game))
        return self.changes

    async def _folder(self, repository: Repository, root: Root) -> None:
        trees = await asyncio.to_thread(repository.trees, self._commits)
        old, new = [await asyncio.to_thread(repository.files, tree) for tree in trees]
        changed = {path for path in old.keys() | new.keys() if _differs(path, old, new)}
        self.changes.count += len(changed)
        sheets = [await asyncio.to_thread(named_pages, repository, tree, changed) for tree in (old, new)]
        written = await self._side(self.changes.new, repository, _with_others(changed, new, sheets[1]), root)
        # An image is one texture, whose id stays; an archive may have lost some.
        gone = {path for path in changed if path not in written or not _is_image(written[path])}
        await self._side(self.changes.old, repository, _with_others(gone, old, sheets[0]), root)

    async def _side(self, side: Side, repository: Repository, blobs: dict[str, str], root: Root) -> dict[str, Path]:
        folder = self._scratch / str(len(self.changes.new.roots) + len(self.changes.old.roots))
        folder.mkdir(parents=True)
        await asyncio.to_thread(repository.write, blobs, folder)
        files = {path: folder / path for path in blobs}
        side.roots[folder] = root
        side.files.update((f"{root.label}/{path}", file) for path, file in files.items())
        missing = await self._fill(repository, files.values())
        side.missing.update(f"{root.label}/{path}" for path, file in files.items() if file in missing)
        return files

    async def _fill(self, repository: Repository, files: Iterable[Path]) -> dict[Path, Pointer]:
        """Put contents in the places of pointers to them; return the pointers of those that are nowhere."""
        pointers = {file: pointer for file in files if (pointer := pointer_of(file)) is not None}
        if not pointers:
            return pointers
        missing = await asyncio.to_thread(fill_from_clone, pointers, repository.lfs_folder())
        # Nobody misses a sound.
        missing = {file: pointer for file, pointer in missing.items() if kind_by_name(file.name) is not None}
        if missing and self._store is not None and self.changes.outage is None:
            async with ObjectStore(self._store) as store:
                missing, self.changes.outage = await fill_from_store(missing, store, self._max_bytes)
        return missing


def _differs(path: str, old: dict[str, str], new: dict[str, str]) -> bool:
    return old.get(path) != new.get(path) and not path.endswith(_BESIDE)


def _with_others(paths: Iterable[str], files: dict[str, str], sheets: dict[str, set[str]]) -> dict[str, str]:
    """Return those of the files that are, or belong to, one of these paths; ``sheets``: pages by the atlas."""
    wanted = set(units(paths).values())
    for atlas, pages in sheets.items():
        belonging = set(units((atlas, *pages)).values())
        if belonging & wanted:
            wanted |= belonging
    return {path: files[path] for path, unit in units(files).items() if unit in wanted and not path.endswith(_BESIDE)}


def _is_image(file: Path) -> bool:
    return (sniff(file) or kind_by_name(file.name)) in {Kind.IMAGE, None}
