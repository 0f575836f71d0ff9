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
        ".ccz": "a texture packed for Cocos",
        ".crn": "a Crunch texture",
        ".txd": "a RenderWare texture dictionary",
        ".xnb": "an XNA asset",
        ".gnf": "a PlayStation 4 texture",
        ".gtf": "a PlayStation 3 texture",
        ".bntx": "a Switch texture",
        ".tpl": "a GameCube or Wii texture",
        ".bflim": "a Wii U or 3DS texture",
        ".tm2": "a PlayStation 2 texture",
        ".gim": "a PlayStation Portable texture",
        ".paa": "a Bohemia Interactive texture",
        ".iwi": "a Call of Duty texture",
        ".rpgmvp": "an RPG Maker picture, encrypted",
        ".png_": "an RPG Maker picture, encrypted",
        ".vtex_c": "a Source 2 texture",
        ".ctexarray": "a Godot texture of several layers",
        ".ctex3d": "a Godot volume texture",
        ".ccube": "a Godot cube map",
    },
    "its palette is in another file": {
        ".wal": "a Quake 2 texture",
        ".lmp": "a Quake picture",
        ".spr": "a sprite of Quake or Half-Life",
    },
    "it is drawn anew at any size, or holds layers that its own program puts together": {
        ".svg": "a vector graphic",
        ".xcf": "a GIMP document",
        ".ase": "an Aseprite document",
        ".aseprite": "an Aseprite document",
        ".pdn": "a Paint.NET document",
        ".psp": "a PaintShop Pro document",
        ".pspimage": "a PaintShop Pro document",
        ".clip": "a Clip Studio document",
        ".afphoto": "an Affinity document",
        ".ai": "an Illustrator document",
        ".eps": "a vector graphic",
    },
    "not asked for so far: rare in games": {
        ".heic": "a HEIF image",
        ".heif": "a HEIF image",
        **dict.fromkeys((".jp2", ".j2k", ".jpx", ".jpf"), "a JPEG 2000 image"),
        **dict.fromkeys((".jxr", ".wdp", ".hdp"), "a JPEG XR image"),
        **dict.fromkeys((".mng", ".jng"), "an image of the MNG family"),
        **dict.fromkeys((".lbm", ".iff", ".ilbm"), "an Amiga picture"),
        **dict.fromkeys((".dpx", ".cin"), "a scanned film frame"),
        **dict.fromkeys((".pict", ".pct"), "a Macintosh picture"),
        ".ico": "an icon",
        ".cur": "a mouse pointer",
        ".icns": "an icon",
        ".dib": "a Windows bitmap without its header",
        ".pam": "a picture of Netpbm's later kind",
        ".xpm": "an X11 picture",
        ".xwd": "an X11 picture",
        ".ras": "a Sun raster image",
    },
}
_ARCHIVES: Final[Mapping[str, Mapping[str, str]]] = {
    "its unpacker is not free software, or is a program of its own": {
        ".rar": "a RAR archive",
        ".cab": "a cabinet archive",
        ".iso": "a disc image",
        **dict.fromkeys((".lha", ".lzh"), "an LHA archive"),
        ".arj": "an ARJ archive",
        ".ace": "an ACE archive",
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
        **dict.fromkeys((".rgssad", ".rgss2a", ".rgss3a"), "an RPG Maker archive, encrypted"),
        **dict.fromkeys((".win", ".droid"), "a GameMaker archive"),
        ".cpk": "a CRIWARE archive",
        **dict.fromkeys((".szs", ".sarc"), "a Nintendo archive"),
        ".arc": "an archive of a console",
        ".grp": "a Build engine archive",
        ".hpi": "a Total Annihilation archive",
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
        ".lzma": "an LZMA file that holds no tar archive",
        ".lz4": "an LZ4 file",
        ".z": "a file of Unix compress",
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
