"""What kind of file this is: by its first bytes, and by its name where the bytes do not say."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from consumer.imaging.signatures import SIGNATURE_BYTES, image_format
from producer_tools.extraction.atlases.formats import looks_like_atlas
from producer_tools.extraction.pixels import EXTENSIONS
from producer_tools.extraction.readers.known import LFS_POINTER, PART_OF_VPK, suffix_of
from producer_tools.extraction.unity.files.signatures import BUNDLE_MAGICS, is_serialized

_UNITY: Final = (*BUNDLE_MAGICS, b"UnityWebData", b"TuanjieWebData")
_LAYERS_IN_A_ZIP: Final = "ORA"
_GZIP: Final = b"\x1f\x8b"
_TAR_AT: Final = 257
_TAR: Final = b"ustar"
_TAR_NAME: Final = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz|tzst)$", re.IGNORECASE)
_WEB_DATA: Final = (".data.gz", ".data.br", ".unityweb", ".datagz", ".databr", ".unity3d.gz", ".unity3d.br")
_WEB_PROGRAMS: Final = tuple(f"{part}.unityweb" for part in (".code", ".framework", ".wasm", ".js", ".memory", ".json"))


class Kind(StrEnum):
    IMAGE = "image"
    ZIP = "zip"
    UNITYPACKAGE = "unitypackage"
    UNITY = "unity"
    TAR = "tar"
    SEVEN_ZIP = "7z"
    QUAKE_PAK = "pak"
    QUAKE_WAD = "quake-wad"
    DOOM_WAD = "doom-wad"
    VPK = "vpk"
    RPA = "rpa"
    PCK = "pck"
    ATLAS = "atlas"


_MAGICS: Final = (
    *((b"PK\x03\x04", Kind.ZIP), (b"PK\x05\x06", Kind.ZIP), (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP)),
    *((b"PACK", Kind.QUAKE_PAK), (b"WAD2", Kind.QUAKE_WAD), (b"WAD3", Kind.QUAKE_WAD)),
    *((b"IWAD", Kind.DOOM_WAD), (b"PWAD", Kind.DOOM_WAD), (b"\x34\x12\xaa\x55", Kind.VPK)),
    *((b"RPA-", Kind.RPA), (b"GDPC", Kind.PCK)),
)
_KNOWN_BY_MAGIC: Final = (".tar", ".pak", ".wad", ".vpk", ".rpa", ".pck")
_NAMES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.UNITYPACKAGE: frozenset({".unitypackage"}),
    Kind.UNITY: frozenset({".unity3d", ".bundle", ".assets", ".ab", ".assetbundle"}),
    Kind.ZIP: frozenset(
        {".zip", ".pk3", ".pk4", ".wz", ".jar", ".apk", ".obb", ".xapk", ".apks", ".apkm", ".aab", ".ipa"}
    ),
    Kind.SEVEN_ZIP: frozenset({".7z"}),
    Kind.IMAGE: EXTENSIONS,
}


def sniff(path: Path) -> Kind | None:
    """Return the kind of a file, None when it is none that is read; raises OSError when it cannot be opened."""
    return kind_of(path.name, file_head(path), path.stat().st_size)


def sniff_parts(name: str, parts: Sequence[Path]) -> Kind | None:
    """Return the kind of the file that parts make up; raises OSError."""
    return kind_of(name, file_head(parts[0]), sum(part.stat().st_size for part in parts))


def file_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SIGNATURE_BYTES)


def kind_of(name: str, head: bytes, size_bytes: int) -> Kind | None:
    """Return the kind of a file of this name, beginning and size."""
    # The second begins with the first bytes of whatever lies in it first.
    if head.startswith(LFS_POINTER) or PART_OF_VPK.search(name):
        return None
    if suffix_of(name) == ".unitypackage":
        return Kind.UNITYPACKAGE
    if head.startswith(_UNITY) or is_serialized(head, size_bytes) or _is_web_data(name, head):
        return Kind.UNITY
    image = image_format(head)
    if image == _LAYERS_IN_A_ZIP:
        return Kind.IMAGE
    kind = next((kind for magic, kind in _MAGICS if head.startswith(magic)), None)
    if kind is None and looks_like_atlas(suffix_of(name), head):
        kind = Kind.ATLAS
    if kind or _is_tar(head):
        return kind or Kind.TAR
    # A bundle or a zip says what it is; what bears its name and is none is told of as such.
    return Kind.IMAGE if image else kind_by_name(name)


def read_suffixes() -> list[str]:
    """Return the extensions of the kinds that are read."""
    return [*(suffix for names in _NAMES.values() for suffix in sorted(names)), *_KNOWN_BY_MAGIC]


def kind_by_name(name: str) -> Kind | None:
    """Return the kind that the name alone promises."""
    if _TAR_NAME.search(name):
        return Kind.TAR
    suffix = suffix_of(name)
    return next((kind for kind, names in _NAMES.items() if suffix in names), None)


def _is_tar(head: bytes) -> bool:
    if head.startswith(_GZIP):
        try:
            # The first header, of 512 bytes that are mostly zero, fits into as many bytes of gzip.
            head = zlib.decompressobj(wbits=31).decompress(head, _TAR_AT + len(_TAR))
        except zlib.error:
            return False
    return head[_TAR_AT:].startswith(_TAR)


def _is_web_data(name: str, head: bytes) -> bool:
    """Tell the data of a WebGL build, which is packed as a web server sends it, from the program beside it."""
    lower = name.lower()
    if lower.endswith(_WEB_PROGRAMS):
        return False
    return lower.endswith(_WEB_DATA) or (lower.endswith(".data") and head.startswith(_GZIP))
