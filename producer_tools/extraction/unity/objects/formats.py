"""Unity's texture formats by their numbers, as the texel formats that they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from consumer.imaging.texels import blocks, eac, mobile, packed, video
from consumer.imaging.texels.astc import astc
from consumer.imaging.texels.packed import packed as in_bits
from consumer.imaging.texels.plain import plain
from consumer.imaging.texels.texel_format import TexelFormat


@dataclass(frozen=True, slots=True)
class UnityFormat:
    """``crunched`` data is packed once more, and unpacks to ``texels``.

    ``opaque`` is a format whose texels could have alpha, and whose alpha Unity gives no meaning.
    """

    name: str
    texels: TexelFormat
    crunched: bool = False
    opaque: bool = False

    @property
    def two_channels(self) -> bool:
        return self.texels.name in _TWO_CHANNELS


_PLAIN: Final[Mapping[int, tuple[str, str, str]]] = {
    1: ("Alpha8", "a", "u8"),
    3: ("RGB24", "rgb", "u8"),
    4: ("RGBA32", "rgba", "u8"),
    5: ("ARGB32", "argb", "u8"),
    6: ("ARGBFloat", "argb", "f32"),
    8: ("BGR24", "bgr", "u8"),
    9: ("R16", "r", "u16"),
    14: ("BGRA32", "bgra", "u8"),
    15: ("RHalf", "r", "f16"),
    16: ("RGHalf", "rg", "f16"),
    17: ("RGBAHalf", "rgba", "f16"),
    18: ("RFloat", "r", "f32"),
    19: ("RGFloat", "rg", "f32"),
    20: ("RGBAFloat", "rgba", "f32"),
    23: ("RGBFloat", "rgb", "f32"),
    62: ("RG16", "rg", "u8"),
    63: ("R8", "r", "u8"),
    72: ("RG32", "rg", "u16"),
    73: ("RGB48", "rgb", "u16"),
    74: ("RGBA64", "rgba", "u16"),
    75: ("R8_SIGNED", "r", "s8"),
    76: ("RG16_SIGNED", "rg", "s8"),
    77: ("RGB24_SIGNED", "rgb", "s8"),
    78: ("RGBA32_SIGNED", "rgba", "s8"),
    79: ("R16_SIGNED", "r", "s16"),
    80: ("RG32_SIGNED", "rg", "s16"),
    81: ("RGB48_SIGNED", "rgb", "s16"),
    82: ("RGBA64_SIGNED", "rgba", "s16"),
}
_TWO_CHANNELS: Final = frozenset(
    {name for name, channels, _ in _PLAIN.values() if channels == "rg"} | {"BC5", "EAC RG", "EAC RG signed"}
)
_ARGB4444: Final = in_bits("ARGB4444", 16, {"r": 0xF00, "g": 0xF0, "b": 0xF, "a": 0xF000})
_RGB565: Final = in_bits("RGB565", 16, {"r": 0xF800, "g": 0x7E0, "b": 0x1F})
_RGBA4444: Final = in_bits("RGBA4444", 16, {"r": 0xF000, "g": 0xF00, "b": 0xF0, "a": 0xF})
_ASTC_SIDES: Final = (4, 5, 6, 8, 10, 12)


def _formats() -> dict[int, UnityFormat]:
    plain_formats = {number: UnityFormat(name, plain(name, *layout)) for number, (name, *layout) in _PLAIN.items()}
    others = {
        2: UnityFormat("ARGB4444", _ARGB4444),
        7: UnityFormat("RGB565", _RGB565),
        10: UnityFormat("DXT1", blocks.BC1, opaque=True),
        11: UnityFormat("DXT3", blocks.BC2),
        12: UnityFormat("DXT5", blocks.BC3),
        13: UnityFormat("RGBA4444", _RGBA4444),
        21: UnityFormat("YUY2", video.YUY2),
        22: UnityFormat("RGB9e5Float", packed.RGB9E5),
        24: UnityFormat("BC6H", blocks.BC6H),
        25: UnityFormat("BC7", blocks.BC7),
        26: UnityFormat("BC4", blocks.BC4),
        27: UnityFormat("BC5", blocks.BC5),
        28: UnityFormat("DXT1Crunched", blocks.BC1, crunched=True, opaque=True),
        29: UnityFormat("DXT5Crunched", blocks.BC3, crunched=True),
        30: UnityFormat("PVRTC_RGB2", mobile.PVRTC_RGB2),
        31: UnityFormat("PVRTC_RGBA2", mobile.PVRTC_RGBA2),
        32: UnityFormat("PVRTC_RGB4", mobile.PVRTC_RGB4),
        33: UnityFormat("PVRTC_RGBA4", mobile.PVRTC_RGBA4),
        34: UnityFormat("ETC_RGB4", mobile.ETC1),
        35: UnityFormat("ATC_RGB4", mobile.ATC_RGB),
        36: UnityFormat("ATC_RGBA8", mobile.ATC_RGBA),
        41: UnityFormat("EAC_R", eac.EAC_R),
        42: UnityFormat("EAC_R_SIGNED", eac.EAC_R_SIGNED),
        43: UnityFormat("EAC_RG", eac.EAC_RG),
        44: UnityFormat("EAC_RG_SIGNED", eac.EAC_RG_SIGNED),
        45: UnityFormat("ETC2_RGB", mobile.ETC2_RGB),
        46: UnityFormat("ETC2_RGBA1", mobile.ETC2_RGBA1),
        47: UnityFormat("ETC2_RGBA8", mobile.ETC2_RGBA8),
        60: UnityFormat("ETC_RGB4_3DS", mobile.ETC1),
        64: UnityFormat("ETC_RGB4Crunched", mobile.ETC1, crunched=True),
        65: UnityFormat("ETC2_RGBA8Crunched", mobile.ETC2_RGBA8, crunched=True),
    }
    for place, side in enumerate(_ASTC_SIDES):
        size, texels = f"{side}x{side}", astc(side, side)
        others[48 + place] = UnityFormat(f"ASTC_RGB_{size}", texels, opaque=True)
        others[54 + place] = UnityFormat(f"ASTC_RGBA_{size}", texels)
        others[66 + place] = UnityFormat(f"ASTC_HDR_{size}", astc(side, side, hdr=True))
    return dict(sorted((plain_formats | others).items()))


UNITY_FORMATS: Final[Mapping[int, UnityFormat]] = _formats()
# Known by name, and read by nobody whose pixels could be compared with.
UNREAD: Final[Mapping[int, str]] = {61: "ETC_RGBA8_3DS"}
