"""Atlases of a commit and the pages that they name, however those are called: which of them changed is all one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from consumer.imaging.signatures import SIGNATURE_BYTES
from producer_tools.extraction.atlases.formats import READERS, looks_like_atlas
from producer_tools.extraction.readers.sniff import Kind, kind_by_name
from producer_tools.git.repository import Repository


def named_pages(repository: Repository, files: Mapping[str, str], changed: Iterable[str]) -> dict[str, set[str]]:
    """Return for each atlas beside something that changed the pictures beside it that it names, gone ones too.

    ``files`` are a commit's contents by path. A picture counts as named where the atlas holds its name somewhere: no
    parser reads what others wrote outside of its child process, and a sheet that is cut once more does no harm.
    """
    everything = {*files, *changed}
    folders = {_folder(path) for path in changed}
    atlases = {path: files[path] for path in files if _folder(path) in folders and _suffix(path) in READERS}
    if not atlases:
        return {}
    pictures: dict[str, list[str]] = {}
    for path in everything:
        if _folder(path) in folders and kind_by_name(path) is Kind.IMAGE:
            pictures.setdefault(_folder(path), []).append(path)
    with tempfile.TemporaryDirectory(prefix="aegis-atlases-") as place:
        repository.write(atlases, Path(place))
        contents = {path: (Path(place) / path).read_bytes() for path in atlases}
    return {
        path: {page for page in pictures.get(_folder(path), ()) if PurePosixPath(page).name.encode() in data}
        for path, data in contents.items()
        if looks_like_atlas(_suffix(path), data[:SIGNATURE_BYTES])
    }


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
