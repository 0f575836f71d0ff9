"""The mosaic in every texture format of Unity that an encoder is free for, with what should become of it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import astc_encoder
import etcpak
import numpy as np

from tests.unit.imaging import making
from tests.unit.imaging.dds_encodings import grey, luma, pair, shared_exponent, video
from tests.unit.imaging.making import HEIGHT, WIDTH, bits, channels, in_tiles, mosaic
from tests.unit.producer import crunched

PICTURE: Final = mosaic()
OPAQUE: Final = np.dstack([PICTURE[..., :3], np.full((HEIGHT, WIDTH), 255, np.uint8)])
UNIFORM: Final = mosaic([(198, 101, 49, 136)] * 8)
UNIFORM_OPAQUE: Final = mosaic([(198, 101, 49, 255)] * 8)
GREYS: Final = grey(PICTURE)
_COUNT: Final = WIDTH * HEIGHT // 16

# Channels in their order and kind of number, by the name of the format.
_PLAIN: Final[Mapping[str, tuple[str, str]]] = {
    "Alpha8": ("r", "u8"),
    "R8": ("r", "u8"),
    "R16": ("r", "u16"),
    "RHalf": ("r", "f16"),
    "RFloat": ("r", "f32"),
    "RGB24": ("rgb", "u8"),
    "BGR24": ("bgr", "u8"),
    "RGBA32": ("rgba", "u8"),
    "BGRA32": ("bgra", "u8"),
    "ARGB32": ("argb", "u8"),
    "ARGBFloat": ("argb", "f32"),
    "RGBFloat": ("rgb", "f32"),
    "RGBAFloat": ("rgba", "f32"),
    "RGBAHalf": ("rgba", "f16"),
    "RGHalf": ("rg", "f16"),
    "RGFloat": ("rg", "f32"),
    "RG16": ("rg", "u8"),
    "RG32": ("rg", "u16"),
    "RGB48": ("rgb", "u16"),
    "RGBA64": ("rgba", "u16"),
    "R8_SIGNED": ("r", "s8"),
    "RG16_SIGNED": ("rg", "s8"),
    "RGB24_SIGNED": ("rgb", "s8"),
    "RGBA32_SIGNED": ("rgba", "s8"),
    "R16_SIGNED": ("r", "s16"),
    "RG32_SIGNED": ("rg", "s16"),
    "RGB48_SIGNED": ("rgb", "s16"),
    "RGBA64_SIGNED": ("rgba", "s16"),
}


def _becomes(order: str, number: str) -> Any:
    if len(order) == 1:
        return GREYS
    if order == "rg":
        return pair(PICTURE, 128 if number[0] == "s" else 0)
    return PICTURE if "a" in order else OPAQUE


def _in_astc(side: int, *, hdr: bool) -> bytes:
    profile = astc_encoder.ASTCProfile.HDR if hdr else astc_encoder.ASTCProfile.LDR
    context = astc_encoder.ASTCContext(astc_encoder.ASTCConfig(profile, side, side, 1, 60))
    image = astc_encoder.ASTCImage(astc_encoder.ASTCType.U8, WIDTH, HEIGHT, 1, UNIFORM.tobytes())
    return bytes(context.compress(image, astc_encoder.ASTCSwizzle.from_str("RGBA")))


def _etc(encode: Callable[[bytes, int, int], bytes], picture: Any = PICTURE) -> bytes:
    return bytes(encode(picture.tobytes(), WIDTH, HEIGHT))


def _eac_signed(level: int) -> bytes:
    """Encode one level with a multiplier of 0: the base is the level, as a byte with a sign."""
    return bytes([making.signed(level), 0x0D, 0x92, 0x49, 0x24, 0x92, 0x49, 0x24])


def _pvrtc(word: int, size: int) -> bytes:
    """Encode both colours of each block alike, so that neighbours and weights change nothing."""
    return struct.pack("<II", 0, word) * (size // 8)


def _blocks() -> dict[str, tuple[bytes, Any, int]]:
    red, green, blue = (round(part * 31 / 255) for part in (198, 101, 49))
    in_555 = red << 10 | green << 5 | blue
    atc = struct.pack("<HHI", in_555, red << 11 | green << 6 | blue, 0)
    # Opaque colours: the upper one of 5-5-5, the lower of 5-5-4, whose last bit chooses how weights work.
    pvrtc = (0x8000 | in_555) << 16 | 0x8000 | (in_555 & ~1)
    found: dict[str, tuple[bytes, Any, int]] = {
        "ARGB4444": (bits(PICTURE, "<u2", [("b", 4), ("g", 4), ("r", 4), ("a", 4)]), PICTURE, 8),
        "RGBA4444": (bits(PICTURE, "<u2", [("a", 4), ("b", 4), ("g", 4), ("r", 4)]), PICTURE, 8),
        "RGB565": (bits(PICTURE, "<u2", [("b", 5), ("g", 6), ("r", 5)]), OPAQUE, 4),
        "RGB9e5Float": (shared_exponent(PICTURE), OPAQUE, 1),
        "YUY2": (_yuy2(), video(True), 1),
        "DXT1": (in_tiles(PICTURE, making.bc1), OPAQUE, 4),
        "DXT3": (in_tiles(PICTURE, making.bc2), PICTURE, 4),
        "DXT5": (in_tiles(PICTURE, making.bc3), PICTURE, 4),
        "BC4": (in_tiles(PICTURE, lambda colour: making.bc4(colour[0])), GREYS, 0),
        "BC5": (in_tiles(PICTURE, making.bc5), pair(PICTURE), 0),
        "BC6H": (in_tiles(PICTURE, making.bc6h), OPAQUE, 8),
        "BC7": (bytes(etcpak.compress_bc7(PICTURE.tobytes(), WIDTH, HEIGHT, None)), PICTURE, 4),
        "ETC_RGB4": (_etc(etcpak.compress_etc1_rgb), OPAQUE, 12),
        "ETC_RGB4_3DS": (_etc(etcpak.compress_etc1_rgb), OPAQUE, 12),
        "ETC2_RGB": (_etc(etcpak.compress_etc2_rgb), OPAQUE, 12),
        # The bit that chooses between single colours and differences says here that all is opaque.
        "ETC2_RGBA1": (_etc(etcpak.compress_etc2_rgb, UNIFORM_OPAQUE), UNIFORM_OPAQUE, 12),
        "ETC2_RGBA8": (_etc(etcpak.compress_etc2_rgba), PICTURE, 12),
        "EAC_R": (_etc(etcpak.compress_eac_r), GREYS, 4),
        "EAC_RG": (_etc(etcpak.compress_eac_rg), pair(PICTURE), 4),
        "EAC_R_SIGNED": (in_tiles(PICTURE, lambda colour: _eac_signed(colour[0])), GREYS, 1),
        "EAC_RG_SIGNED": (
            in_tiles(PICTURE, lambda colour: _eac_signed(colour[0]) + _eac_signed(colour[1])),
            pair(PICTURE, 128),
            1,
        ),
        "ATC_RGB4": (atc * _COUNT, UNIFORM_OPAQUE, 9),
        "ATC_RGBA8": ((making.bc4(136) + atc) * _COUNT, UNIFORM, 9),
        "PVRTC_RGB4": (_pvrtc(pvrtc, 64), UNIFORM_OPAQUE, 16),
        "PVRTC_RGBA4": (_pvrtc(pvrtc, 64), UNIFORM_OPAQUE, 16),
        "PVRTC_RGB2": (_pvrtc(pvrtc, 32), UNIFORM_OPAQUE, 16),
        "PVRTC_RGBA2": (_pvrtc(pvrtc, 32), UNIFORM_OPAQUE, 16),
    }
    for side in (4, 5, 6, 8, 10, 12):
        found[f"ASTC_RGB_{side}x{side}"] = (_in_astc(side, hdr=False), UNIFORM_OPAQUE, 1)
        found[f"ASTC_RGBA_{side}x{side}"] = (_in_astc(side, hdr=False), UNIFORM, 1)
        found[f"ASTC_HDR_{side}x{side}"] = (_in_astc(side, hdr=True), UNIFORM, 2)
    return found


def _yuy2() -> bytes:
    bright = luma(video(True)).reshape(-1, 2)
    middle = np.full(len(bright), 128)
    return np.stack([bright[:, 0], middle, bright[:, 1], middle], axis=-1).astype(np.uint8).tobytes()


ENCODED: Final[Mapping[str, tuple[bytes, Any, int]]] = {
    **{
        name: (channels(PICTURE, order, number), _becomes(order, number), 1) for name, (order, number) in _PLAIN.items()
    },
    **_blocks(),
    "DXT1Crunched": (crunched.PICTURES["DXT1Crunched", "newer"], OPAQUE, 4),
    "DXT5Crunched": (crunched.PICTURES["DXT5Crunched", "newer"], PICTURE, 4),
    "ETC_RGB4Crunched": (crunched.PICTURES["ETC_RGB4Crunched", "newer"], OPAQUE, 12),
    "ETC2_RGBA8Crunched": (crunched.PICTURES["ETC2_RGBA8Crunched", "newer"], PICTURE, 12),
}
