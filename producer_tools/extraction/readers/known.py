"""Formats of textures and archives that are well known, and that are not read: by name, with what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

# What Git LFS has in the place of a file.
LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_MAGICS: Final = ((b"Rar!\x1a\x07", ".rar"), (b"PVR\x03", ".pvr"), (b"MSCF", ".cab"))
_UNPACK: Final = "unpack it and extract the folder"
_AS_PNG: Final = "save it as PNG"
# Why each group is left out: for docs/formats.md.
_TEXTURES: Final[Mapping[str, Mapping[str, str]]] = {
    "its texels are read in other containers; this one is rare beside KTX": {
        ".pvr": "a PowerVR texture",
        ".pkm": "an ETC texture of etcpack",
        ".astc": "an ASTC texture of astcenc",
    },
    "not asked for so far: a reader would have to be written, and held to a second one": {
        ".crn": "a Crunch texture",
        ".txd": "a RenderWare texture dictionary",
        ".xnb": "an XNA asset",
        ".gnf": "a PlayStation 4 texture",
        ".gtf": "a PlayStation 3 texture",
        ".tpl": "a GameCube or Wii texture",
        ".bflim": "a Wii U or 3DS texture",
        ".tm2": "a PlayStation 2 texture",
        ".gim": "a PlayStation Portable texture",
        ".vtex_c": "a Source 2 texture",
        ".ctexarray": "a Godot texture of several layers",
        ".ctex3d": "a Godot volume texture",
        ".ccube": "a Godot cube map",
    },
    "its palette is in another file": {".wal": "a Quake 2 texture"},
    "it is drawn anew at any size, or holds layers that its own program puts together": {
        ".svg": "a vector graphic",
        ".kra": "a Krita document",
        ".xcf": "a GIMP document",
        ".ase": "an Aseprite document",
        ".aseprite": "an Aseprite document",
    },
    "not asked for so far: rare in games": {
        ".heic": "a HEIF image",
        ".jp2": "a JPEG 2000 image",
        ".ico": "an icon",
    },
}
_ARCHIVES: Final[Mapping[str, Mapping[str, str]]] = {
    "its unpacker is not free software, or is a program of its own": {
        ".rar": "a RAR archive",
        ".cab": "a cabinet archive",
        ".iso": "a disc image",
    },
    "not asked for so far: a reader would have to be written, and held to a second one": {
        ".mpq": "a Blizzard archive",
        ".bsa": "a Bethesda archive",
        ".ba2": "a Bethesda archive",
        ".rpf": "a Rockstar archive",
        ".forge": "an Ubisoft archive",
        ".big": "an Electronic Arts archive",
        ".xp3": "a KiriKiri archive",
        ".pbo": "a Bohemia Interactive archive",
        ".gcf": "an old Steam archive",
    },
    "it is of another program than the one whose files are read": {
        ".pak": "a .pak archive that is not Quake's (the Unreal Engine's, most often)",
        ".wad": "a .wad archive that is neither Doom's nor Quake's",
        ".pck": "a .pck archive that is not Godot's (Wwise's, most often)",
        ".rpa": "a Ren'Py archive of an unknown kind",
    },
    "one file alone is no archive": {
        ".gz": "a gzip file that holds no tar archive",
        ".bz2": "a bzip2 file that holds no tar archive",
        ".xz": "an xz file that holds no tar archive",
        ".zst": "a Zstandard file that holds no tar archive",
    },
}
_UNREAL_WHY: Final = "its layout changes with every version of the engine, and FModel and UModel follow it"
# Read together with the directory beside them.
PART_OF_VPK: Final = re.compile(r"_\d{3}\.vpk$", re.IGNORECASE)
_NO_SUFFIX: Final = "without extension"
_LONGEST_SUFFIX: Final = 12
_UNREAL: Final = frozenset({".uasset", ".umap", ".ubulk", ".utoc", ".ucas", ".upk"})


def why_unread(name: str, head: bytes) -> str | None:
    """Return why a file of no kind that is read is left out, to go after its name.

    None for files of which nobody expects textures, such as sounds.
    """
    suffix = next((known for magic, known in _MAGICS if head.startswith(magic)), suffix_of(name))
    if suffix in _UNREAL:
        return "is an asset of the Unreal Engine, which is not read: export its textures with FModel or UModel"
    for kinds, what_to_do in ((_TEXTURES, _AS_PNG), (_ARCHIVES, _UNPACK)):
        for names in kinds.values():
            if suffix in names:
                return f"is {names[suffix]} ({suffix}), which is not read: {what_to_do}"
    return None


def unread_rows() -> list[tuple[str, str]]:
    """Return the extensions of what is named as unread, with the reason."""
    groups = [*_TEXTURES.items(), *_ARCHIVES.items(), (_UNREAL_WHY, sorted(_UNREAL))]
    return [(", ".join(names), why) for why, names in groups]


def kind_of_other(name: str) -> str:
    """Return the extension under which a file is counted that is neither texture nor archive."""
    if PART_OF_VPK.search(name):
        return "parts of .vpk"
    suffix = suffix_of(name)
    return suffix if len(suffix) <= _LONGEST_SUFFIX and suffix[1:].isalnum() else _NO_SUFFIX


def suffix_of(name: str) -> str:
    """Return the extension of a name that may have been written on Windows, in lower case."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()
