"""docs/formats.md: which formats are read, taken from the tables that read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from aegis.reference.markdown import NOTE, table
from aegis.reference.unity_builds import unity_builds
from consumer.imaging.files.dds_formats import CODES, DXGI, NUMBERS
from consumer.imaging.files.light.tone import LOSS
from consumer.imaging.texels.texel_format import TexelFormat
from consumer.imaging.textures.gl_formats import COMPRESSED
from consumer.imaging.textures.vk_formats import VULKAN
from consumer.imaging.textures.vtf import FORMATS
from producer_tools.extraction.readers.known import unread_rows
from producer_tools.extraction.unity.objects.formats import UNITY_FORMATS, UNREAD, UnityFormat

_HEADS: Final = ("format", "becomes", "read by", "loss", "checked against")
_OWN_ENCODERS: Final = "pixels painted by the tests"
_CORPUS: Final = "pictures of RunDevelopment/dds 2531272"
_SECOND_READERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("BC1", "BC4", "BC5"), "texture2ddecoder 1.0.6"),
    "BC7": "texture2ddecoder 1.0.6, bcdec in imagecodecs 2026.3.6",
    "BC6H": "bcdec in imagecodecs 2026.3.6",
    "BC6H signed": "bcdec in imagecodecs 2026.3.6",
}
# Where we mean to differ from that corpus: grey for alpha alone, and a third coordinate for normals.
_IN_PART: Final[Mapping[str, str]] = {
    "A8_UNORM": _OWN_ENCODERS,
    **dict.fromkeys(("BC5", "BC5 signed"), f"red and green of the {_CORPUS}"),
}
_ENCODERS: Final[Mapping[str, str]] = {"astc-encoder": "astc-encoder-py 0.1.12's own encoder"}
_ETCPAK: Final = ("ETC", "EAC R", "EAC RG")

_INTRODUCTION: Final = """\
# Which formats are read

Extraction and tagging read a file with the same code (`consumer/imaging`), and tests hold both to the same pixels. What
a format holds beyond 8 bits a channel is rounded; grey of more than 8 bits is extracted as PNG of 16 bits. Floats are
clamped to 0…1; signed values of -1…1 become 0…255, so that 0 is the middle, as in normal maps. A texture of one channel
is grey, whichever channel it is. What is not read is named with its format and what to do.
"""

_FILES: Final = (
    (
        "PNG",
        "kornia-rs, libvips, Pillow",
        "colour of 16 bits becomes 8; a transparent colour is compared in all its bits",
    ),
    ("PNG packed for iPhones (CgBI)", "`consumer/imaging/files/png.py`", "8 bits a channel, not interlaced"),
    ("JPEG, WebP", "libvips, Pillow", "turned upright; CMYK becomes RGB; the tagger decodes large JPEGs at a fraction"),
    ("GIF, animated PNG and WebP", "Pillow", "the first frame that shows anything"),
    (
        "BMP",
        "Pillow, `consumer/imaging/files/bmp.py`",
        "masks in any order; a fourth byte is alpha, unless it is 0 or 255 everywhere",
    ),
    (
        "TIFF",
        "Pillow, libvips",
        "grey keeps 16 bits, with alpha 8; 0 is the middle of signed grey; floats are clamped, grey above 1 scaled",
    ),
    (
        "TGA",
        "`consumer/imaging/files/tga.py`",
        "rows in any order; colour maps; no alpha that is 0 everywhere or said to be void; premultiplied is undone",
    ),
    (
        "PSD, PSB",
        "`consumer/imaging/files/psd.py`",
        "the flattened picture, of 1, 8 or 16 bits a channel; 32 are not read; transparent layers are taken off white",
    ),
    ("DDS", "`consumer/imaging/files/dds.py`", "cube maps, arrays, volumes"),
    (
        "KTX",
        "`consumer/imaging/textures/ktx.py`",
        f"{len(COMPRESSED)} compressed formats of OpenGL and the plain ones, in either byte order",
    ),
    (
        "KTX2",
        "`consumer/imaging/textures/ktx2.py`",
        f"{len(VULKAN)} formats of Vulkan; packed by Zstandard or zlib; orientation and swizzle are applied",
    ),
    ("KTX2 with Basis, .basis", "opengl_basisu", "ETC1S and UASTC; not its HDR and XUASTC kinds"),
    ("VTF", "`consumer/imaging/textures/vtf.py`", f"{len(FORMATS)} formats; frames, sides and slices are pictures"),
    ("Godot's .ctex and .stex", "`consumer/imaging/textures/godot.py`", "raw texels, PNG, WebP, Basis"),
    (
        "OpenEXR",
        "OpenEXR",
        f"the first part with colours: {LOSS}; normal maps and a single channel as they are; primaries are converted",
    ),
    (
        "Radiance (.hdr)",
        "`consumer/imaging/files/light/rgbe.py`",
        f"{LOSS}; in rows or columns, runs of either age; XYZ and other primaries are converted",
    ),
    ("JPEG XL", "pylibjxl", "8 bits; of an animation the first frame"),
    ("BLP", "`consumer/imaging/files/blp.py`", "BLP1 and BLP2: palettes, DXT, plain, JPEG of four channels"),
    ("AVIF, PCX, SGI, QOI", "Pillow", "8 bits"),
    ("PPM, PGM, PBM, grey PFM", "Pillow", "grey of more than 8 bits: 16"),
    (
        "OpenRaster (.ora), Krita (.kra)",
        "`consumer/imaging/files/openraster.py`",
        "the flattened picture beside the layers; none without it",
    ),
)
_SEVERAL: Final = """\
Of a texture that holds several pictures (sides of a cube, layers of an array, slices of a volume) extraction writes
each, as `NAME/0.png` and so on; the tagger, which is given one object, sees a cube as a cross of six and of the others
the first. Only the largest mipmap is read. Images are known by their first bytes, whatever they are called; TGA, which
has none, by its extension.
"""
_CONTAINERS: Final = (
    (
        "zip, pk3, pk4, wz, jar",
        "zipfile",
        "Deflate, bzip2, LZMA; links, encrypted members and volumes (.zip.001, .z01) are named, not read",
    ),
    (
        "apk, obb, ipa, aab, xapk, apks, apkm",
        "zipfile",
        "as zip; apk and obb that are named together are one build, as those inside another archive are",
    ),
    ("tar, and tar packed by gzip, bzip2, xz, LZMA, Zstandard", "tarfile", "read in one pass"),
    ("7z", "py7zr", "read in one pass; encrypted ones and volumes (.7z.001) are named"),
    (".unitypackage", "tarfile", "names of `pathname`"),
    ("Quake .pak", "`games/quake.py`", ""),
    (
        "Half-Life .wad (WAD3)",
        "`games/quake.py`",
        "textures with their palette; WAD2 has none",
    ),
    (
        "Doom .wad",
        "`games/doom.py`",
        "flats, pictures, walls put together of pictures, PNG; not without PLAYPAL",
    ),
    ("Source .vpk", "`games/vpk.py`", "versions 1 and 2, with the numbered files beside the directory"),
    ("Ren'Py .rpa", "`games/renpy.py`", "versions 2.0 and 3.0; its index is read without unpickling"),
    ("Godot .pck", "`games/godot.py`", "of Godot 3 and 4 to 4.5; encrypted ones are named; not inside a program"),
    ("Unity bundles and assets files", "UnityPy", "[as parts of their build](#unity-builds)"),
    (
        "atlases: TexturePacker's .json, Cocos' .plist, Starling's .xml, libGDX's and Spine's .atlas",
        "`atlases/formats.py`",
        "the sheet beside it cut into its sprites, upright, untrimmed, with straight alpha; the sheet stays a texture",
    ),
)
_CONTAINERS_NOTE: Final = """\
Archives are parsed in a child process under limits on members, sizes, ratio, memory and time
([settings](settings.md), `AEGIS_EXTRACT_…`). Archives inside archives are named, and not opened, except .apk and
.obb; every other member is counted by its extension. Unity's files in zip, tar, 7z and .unitypackage are read as one
build.
"""

_ODD_CUBES: Final = """ and cube maps packed by Crunch
whose sides are no multiples of 8, or of 16 before Unity 2017.3.
"""
_NORMALS: Final = """\
## Normal maps as games keep them

| stored as | said by | becomes |
| --- | --- | --- |
| x in alpha, y in green (DXT5nm), or x in red with alpha 255 | Unity: `m_LightmapFormat` 3 | x, y, z |
| x in alpha, y in the colours | Unity: `m_LightmapFormat` 10 | x, y, z |
| two channels | Unity: `m_LightmapFormat` 4 with BC5, EAC RG, RG16 and their like; DDS: BC5, ATI2 | x, y, z |
| DXT5 with the flag for normals | DDS: flag 0x80000000 | x, y, z |
| red in alpha (RXGB) | DDS: the code RXGB | red in red |
| one channel | Unity: `m_LightmapFormat` 11 (red), 12 (alpha) | grey |

z is √(1 - x² - y²). Normal maps of these layouts about which nothing is said are extracted as they are, and the tagger
knows them by their pixels.
"""


def formats_page() -> str:
    return "\n".join(
        (
            NOTE,
            _INTRODUCTION,
            "## Image files\n",
            table(("file", "read by", "what to know"), _FILES),
            _SEVERAL,
            "## Archives\n",
            table(("archive", "read by", "what to know"), _CONTAINERS),
            _CONTAINERS_NOTE,
            "Well known, and not read; whoever meets one is told what to do:\n",
            table(("file", "why not"), unread_rows()),
            "## DDS\n",
            "Uncompressed files without a number or code are read by their masks, of up to 16 bits a channel.\n",
            table(("DXGI number, code or D3DFMT", *_HEADS), _dds_rows()),
            unity_builds(),
            "## Unity\n",
            f"Not read, and named: {', '.join(f'{name} ({number})' for number, name in UNREAD.items())}{_ODD_CUBES}",
            table(("TextureFormat", *_HEADS[1:]), (_unity_row(*item) for item in UNITY_FORMATS.items())),
            _NORMALS,
        )
    )


def _dds_rows() -> Iterable[tuple[str, ...]]:
    names: dict[str, tuple[TexelFormat, list[str]]] = {}
    keys = [*((str(number), kind) for number, kind in DXGI.items())]
    keys += [(code.decode(), kind) for code, kind in CODES.items()]
    keys += [(f"D3DFMT {number}", kind) for number, kind in NUMBERS.items()]
    for key, kind in keys:
        names.setdefault(kind.name, (kind, []))[1].append(key)
    for name, (kind, found) in names.items():
        checks = [_IN_PART.get(name, _CORPUS), *([_SECOND_READERS[name]] if name in _SECOND_READERS else [])]
        yield ", ".join(found), name, kind.mode, kind.reader, kind.loss, ", ".join(checks)


def _unity_row(number: int, known: UnityFormat) -> tuple[str, ...]:
    texels = known.texels
    mode = "RGB" if known.opaque else texels.mode
    reader = f"texture2ddecoder (crunch), {texels.reader}" if known.crunched else texels.reader
    loss = "packed by an encoder that loses" if known.crunched else texels.loss
    return f"{known.name} ({number})", mode, reader, loss, _check(known)


def _check(known: UnityFormat) -> str:
    if known.crunched:
        return "the encoders of BinomialLLC/crunch and Unity-Technologies/crunch"
    name = known.texels.name
    if name in _SECOND_READERS:
        return f"{_OWN_ENCODERS}, {_SECOND_READERS[name]}"
    if name.startswith(_ETCPAK) and "signed" not in name:
        return "etcpak 0.9.15's encoder"
    return _ENCODERS.get(known.texels.reader, _OWN_ENCODERS)
