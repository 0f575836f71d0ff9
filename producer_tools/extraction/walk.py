"""From the paths a person names to the files that are parsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from producer_tools.errors import InputError
from producer_tools.extraction.companions import SUFFIX
from producer_tools.extraction.parts import archive_of_part, parts_of_wholes, whole_name
from producer_tools.extraction.readers.known import why_unread
from producer_tools.extraction.readers.pointers import why_pointer
from producer_tools.extraction.readers.sniff import Kind, file_head, read_suffixes, sniff, sniff_parts
from producer_tools.project import FILE_NAME, Root

# What Unity's textures have their pixels in, and its sounds: looked at where a Unity file points there.
_OF_UNITY: Final = frozenset({".ress", ".resource"})
_NO_ROOTS: Final[Mapping[Path, Root]] = {}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to parse.

    ``label`` is what it is called: its base name, below a folder the folder's name and the path inside it.
    ``named`` is true for a file that the user named himself: when it cannot be read, that is his business.
    ``parts`` are the files that make it up, where it is not there as one. ``belongs_to`` is whose its ids are.
    """

    path: Path
    kind: Kind
    label: str
    named: bool
    alpha: Path | None = None
    parts: tuple[Path, ...] = ()
    belongs_to: str = ""


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file that is left out; ``reason`` is None for files that are no business of ours, e.g. sounds."""

    label: str
    reason: str | None


def check_inputs(paths: Sequence[Path]) -> None:
    """Raise InputError for the first path that is not there or not of a kind that is read."""
    for path in paths:
        if not path.exists():
            raise InputError(f"{path} does not exist: name a file or folder that does.")
        if path.is_dir():
            continue
        if not path.is_file():
            raise InputError(f"{path} is neither a file nor a folder.")
        try:
            kind = None if archive_of_part(path.name) else sniff(path)
            reason = _why_left(path)
        except OSError as error:
            raise InputError(f"{path} cannot be opened: {error.strerror}.") from error
        if kind is None and reason:
            raise InputError(f"{path} {reason}.")
        if kind is None:
            raise InputError(
                f"{path} is no archive or image of a kind that is read: name a folder, or a file that ends in "
                f"{', '.join(read_suffixes())}."
            )


def source_files(
    paths: Sequence[Path], leave_out: Path, roots: Mapping[Path, Root] = _NO_ROOTS
) -> Iterator[SourceFile | LeftFile]:
    """Yield the files to parse, folders read to any depth in the order of their names, links not followed.

    ``leave_out`` is a folder that is never read: the one we write to. ``roots``: what the paths are called; by their
    base names where they are not among these.
    """
    for path in paths:
        root = roots.get(path) or Root(path.resolve().name or "root", "")
        if path.is_dir():
            for file in _folder(path, PurePosixPath(root.label), leave_out.resolve()):
                yield replace(file, belongs_to=root.source) if isinstance(file, SourceFile) else file
        else:
            kind = sniff(path)
            assert kind is not None
            yield SourceFile(path, kind, root.label, named=True, belongs_to=root.source)


def _folder(folder: Path, label: PurePosixPath, leave_out: Path) -> Iterator[SourceFile | LeftFile]:
    try:
        found = (child for child in folder.iterdir() if child.name != FILE_NAME)
        children = sorted(found, key=lambda child: child.name)
    except OSError as error:
        yield LeftFile(str(label), f"cannot be listed ({error.strerror})")
        return
    companions = _companions(children)
    wholes = {parts[0]: (name, parts) for name, parts in _wholes(children).items()}
    taken = {*companions.values(), *(folder / part for _, parts in wholes.values() for part in parts)}
    for child in children:
        place = label / child.name
        if child.is_symlink():
            yield LeftFile(str(place), "is a symbolic link, and links are not followed")
        elif child.is_dir():
            if child.resolve() != leave_out:
                yield from _folder(child, place, leave_out)
        elif child.name in wholes:
            name, parts = wholes[child.name]
            yield from _whole(folder / name, str(label / name), [folder / part for part in parts])
        elif child.is_file() and child not in taken and child.suffix.lower() not in _OF_UNITY:
            yield _file(child, str(place), companions.get(child))


def _file(path: Path, label: str, alpha: Path | None) -> SourceFile | LeftFile:
    try:
        # The first volume of an archive begins as the archive does.
        kind = None if archive_of_part(path.name) else sniff(path)
        reason = None if kind else _why_left(path)
    except OSError as error:
        return LeftFile(label, f"cannot be opened ({error.strerror})")
    return LeftFile(label, reason) if kind is None else SourceFile(path, kind, label, named=False, alpha=alpha)


def _why_left(path: Path) -> str | None:
    head = file_head(path)
    return _why_in_part(path.name) or why_pointer(path.name, head) or why_unread(path.name, head)


def _why_in_part(name: str) -> str | None:
    """Return why a part of a file is left out: those that make up a whole are never asked about."""
    archive = archive_of_part(name)
    if archive:
        return f"is a volume of {archive}, and is not read by itself: join them with 7-Zip and extract the whole"
    whole = whole_name(name)
    return f"is a part of {whole}, and others are missing or not named: name a folder that has all" if whole else None


def _wholes(children: Sequence[Path]) -> dict[str, list[str]]:
    return parts_of_wholes(child.name for child in children if child.is_file() and not child.is_symlink())


def _whole(path: Path, label: str, parts: Sequence[Path]) -> Iterator[SourceFile | LeftFile]:
    try:
        kind = sniff_parts(path.name, parts)
    except OSError as error:
        yield LeftFile(label, f"cannot be opened ({error.strerror})")
        return
    if kind is Kind.UNITY:
        yield SourceFile(path, kind, label, named=False, parts=tuple(parts))
    elif path.suffix.lower() not in _OF_UNITY:
        yield LeftFile(label, None if kind is None else f"is cut into {len(parts)} parts: join them")


def _companions(children: Sequence[Path]) -> dict[Path, Path]:
    """Return for each image ``X.ext`` of a folder the ``X[alpha].ext`` that holds its alpha."""
    files = {child.name: child for child in children if child.is_file() and not child.is_symlink()}
    pairs = {}
    for name, path in files.items():
        companion = files.get(f"{path.stem}{SUFFIX}{path.suffix}")
        if companion is not None and name != companion.name:
            pairs[path] = companion
    return pairs
