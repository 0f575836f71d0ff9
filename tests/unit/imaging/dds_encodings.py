"""The mosaic in every texel format that DDS files have, with what should become of it."""

from __future__ import annotations

from typing import Any

import astc_encoder
import etcpak
import numpy as np

from tests.unit.imaging import making
from tests.unit.imaging.making import bits, channels, in_tiles, mosaic

PICTURE = mosaic()
UNIFORM = mosaic([(200, 100, 50, 136)] * 8)
OPAQUE = PICTURE.copy()
OPAQUE[..., 3] = 255


def grey(picture: Any) -> Any:
    return np.dstack([picture[..., 0]] * 3)


def pair(picture: Any, blue: int = 0) -> Any:
    return np.dstack([picture[..., 0], picture[..., 1], np.full(picture.shape[:2], blue, np.uint8)])


def normals(picture: Any) -> Any:
    x, y = (picture[..., place] / 127.5 - 1 for place in (0, 1))
    z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
    return np.dstack([picture[..., 0], picture[..., 1], np.rint(z * 127.5 + 127.5).astype(np.uint8)])


def swapped(picture: Any) -> bytes:
    return channels(picture, "bgra", "u8")


def video(luma: bool) -> Any:
    """Return the mosaic of grey tiles: video's colours are then all in the middle."""
    greys = [(level, level, level, 255) for level in (0, 36, 73, 109, 146, 182, 219, 255)]
    return mosaic(greys) if luma else PICTURE


def luma(picture: Any, most: int = 255) -> Any:
    return np.rint((picture[..., 0] / 255 * 219 + 16) * most / 255).astype(int)


def interleaved(picture: Any, order: str, dtype: str) -> bytes:
    most = 255 if dtype == "u1" else 65535
    bright = luma(picture, most).reshape(-1, 2)
    middle = np.full(len(bright), (most + 1) // 2)
    values = {"y": bright[:, 0], "Y": bright[:, 1], "u": middle, "v": middle}
    return np.stack([values[name] for name in order], axis=-1).astype(dtype).tobytes()


def planar(picture: Any, dtype: str) -> bytes:
    most = 255 if dtype == "u1" else 65535
    half = np.full(picture.shape[0] * picture.shape[1] // 2, (most + 1) // 2)
    return np.concatenate([luma(picture, most).ravel(), half]).astype(dtype).tobytes()


def words(values: Any) -> bytes:
    return np.asarray(values).astype("<u4").tobytes()


def packed_floats(picture: Any) -> bytes:
    """Encode 11, 11 and 10 bits: the upper ones of half floats without a sign."""
    halves = (picture[..., :3] / 255).astype(np.float16).view(np.uint16).astype(np.uint32)
    return words(halves[..., 0] >> 4 | halves[..., 1] >> 4 << 11 | halves[..., 2] >> 5 << 22)


def shared_exponent(picture: Any) -> bytes:
    parts = np.rint(picture[..., :3] / 255 * 256).astype(np.uint32)
    exponent = 15 + 1  # 2 to the power of (16 - 15 - 9), that is 1 by 256
    return words(parts[..., 0] | parts[..., 1] << 9 | parts[..., 2] << 18 | exponent << 27)


def wide_range(picture: Any) -> bytes:
    parts = np.rint(picture[..., :3] / 255 * 510 + 384).astype(np.uint32)
    alpha = np.rint(picture[..., 3] / 85).astype(np.uint32)
    return words(parts[..., 0] | parts[..., 1] << 10 | parts[..., 2] << 20 | alpha << 30)


def black_and_white(picture: Any) -> Any:
    return np.where(picture[..., :1] > 127, 255, 0).astype(np.uint8).repeat(3, axis=2)


def in_astc(width: int, height: int) -> bytes:
    config = astc_encoder.ASTCConfig(astc_encoder.ASTCProfile.LDR, width, height, 1, 60)
    image = astc_encoder.ASTCImage(astc_encoder.ASTCType.U8, making.WIDTH, making.HEIGHT, 1, UNIFORM.tobytes())
    swizzle = astc_encoder.ASTCSwizzle.from_str("RGBA")
    return bytes(astc_encoder.ASTCContext(config).compress(image, swizzle))


# By name of the format: the data, what it should become, and by how many levels its bits let it differ.
ENCODED: dict[str, tuple[bytes, Any, int]] = {
    "R32G32B32A32_FLOAT": (channels(PICTURE, "rgba", "f32"), PICTURE, 0),
    "R32G32B32_FLOAT": (channels(PICTURE, "rgb", "f32"), OPAQUE, 0),
    "R32G32_FLOAT": (channels(PICTURE, "rg", "f32"), pair(PICTURE), 0),
    "R32_FLOAT": (channels(PICTURE, "r", "f32"), grey(PICTURE), 0),
    "R16G16B16A16_FLOAT": (channels(PICTURE, "rgba", "f16"), PICTURE, 0),
    "R16G16_FLOAT": (channels(PICTURE, "rg", "f16"), pair(PICTURE), 0),
    "R16_FLOAT": (channels(PICTURE, "r", "f16"), grey(PICTURE), 0),
    "R16G16B16A16_UNORM": (channels(PICTURE, "rgba", "u16"), PICTURE, 0),
    "R16G16B16A16_SNORM": (channels(PICTURE, "rgba", "s16"), PICTURE, 0),
    "R16G16_UNORM": (channels(PICTURE, "rg", "u16"), pair(PICTURE), 0),
    "R16G16_SNORM": (channels(PICTURE, "rg", "s16"), pair(PICTURE, 128), 0),
    "R16_UNORM": (channels(PICTURE, "r", "u16"), grey(PICTURE), 0),
    "R16_SNORM": (channels(PICTURE, "r", "s16"), grey(PICTURE), 0),
    "R8G8B8A8_UNORM": (channels(PICTURE, "rgba", "u8"), PICTURE, 0),
    "R8G8B8A8_SNORM": (channels(PICTURE, "rgba", "s8"), PICTURE, 1),
    "B8G8R8A8_UNORM": (channels(PICTURE, "bgra", "u8"), PICTURE, 0),
    "B8G8R8X8_UNORM": (channels(PICTURE, "bgrx", "u8"), OPAQUE, 0),
    "R8G8_UNORM": (channels(PICTURE, "rg", "u8"), pair(PICTURE), 0),
    "R8G8_SNORM": (channels(PICTURE, "rg", "s8"), pair(PICTURE, 128), 1),
    "R8_UNORM": (channels(PICTURE, "r", "u8"), grey(PICTURE), 0),
    "R8_SNORM": (channels(PICTURE, "r", "s8"), grey(PICTURE), 1),
    "A8_UNORM": (channels(PICTURE, "r", "u8"), grey(PICTURE), 0),
    "R1": (np.packbits(PICTURE[..., 0] > 127, axis=1).tobytes(), black_and_white(PICTURE), 0),
    "R10G10B10A2": (bits(PICTURE, "<u4", [("r", 10), ("g", 10), ("b", 10), ("a", 2)]), PICTURE, 43),
    "R10G10B10 XR bias A2": (wide_range(PICTURE), PICTURE, 43),
    "R11G11B10 float": (packed_floats(PICTURE), OPAQUE, 8),
    "RGB9E5": (shared_exponent(PICTURE), OPAQUE, 1),
    "B5G6R5": (bits(PICTURE, "<u2", [("b", 5), ("g", 6), ("r", 5)]), OPAQUE, 4),
    "B5G5R5A1": (bits(PICTURE, "<u2", [("b", 5), ("g", 5), ("r", 5), ("a", 1)]), PICTURE, 119),
    "B4G4R4A4": (bits(PICTURE, "<u2", [("b", 4), ("g", 4), ("r", 4), ("a", 4)]), PICTURE, 8),
    "A4B4G4R4": (bits(PICTURE, "<u2", [("a", 4), ("b", 4), ("g", 4), ("r", 4)]), PICTURE, 8),
    "BC1": (in_tiles(PICTURE, making.bc1), OPAQUE, 4),
    "BC2": (in_tiles(PICTURE, making.bc2), PICTURE, 4),
    "BC3": (in_tiles(PICTURE, making.bc3), PICTURE, 4),
    "BC4": (in_tiles(PICTURE, lambda colour: making.bc4(colour[0])), grey(PICTURE), 0),
    "BC4 signed": (in_tiles(PICTURE, lambda colour: making.bc4(making.signed(colour[0]))), grey(PICTURE), 1),
    "BC5": (in_tiles(PICTURE, making.bc5), normals(PICTURE), 1),
    "BC5 signed": (
        in_tiles(PICTURE, lambda colour: making.bc5(tuple(making.signed(part) for part in colour))),
        normals(PICTURE),
        20,
    ),
    "BC6H": (in_tiles(PICTURE, making.bc6h), OPAQUE, 8),
    "BC6H signed": (in_tiles(PICTURE, lambda colour: making.bc6h(colour, negative=True)), OPAQUE, 12),
    "BC7": (bytes(etcpak.compress_bc7(PICTURE.tobytes(), 16, 8, None)), PICTURE, 4),
    "R8G8_B8G8": (bytes([200, 100, 50, 100] * 64), np.full((8, 16, 3), (200, 100, 50), np.uint8), 0),
    "G8R8_G8B8": (bytes([100, 200, 100, 50] * 64), np.full((8, 16, 3), (200, 100, 50), np.uint8), 0),
    "YUY2": (interleaved(video(True), "yuYv", "u1"), video(True), 1),
    "UYVY": (interleaved(video(True), "uyvY", "u1"), video(True), 1),
    "Y210": (interleaved(video(True), "yuYv", "<u2"), video(True), 1),
    "Y216": (interleaved(video(True), "yuYv", "<u2"), video(True), 1),
    "NV12": (planar(video(True), "u1"), video(True), 1),
    "P010": (planar(video(True), "<u2"), video(True), 1),
    "P016": (planar(video(True), "<u2"), video(True), 1),
    "AYUV": (
        np.dstack([np.full((8, 16, 2), 128), luma(video(True)), np.full((8, 16), 255)]).astype(np.uint8).tobytes(),
        video(True),
        1,
    ),
    "Y410": ((luma(video(True), 1023) << 10 | 512 | 512 << 20 | 3 << 30).astype("<u4").tobytes(), video(True), 1),
    "Y416": (
        np.dstack([np.full((8, 16), 32768), luma(video(True), 65535), np.full((8, 16), 32768), np.full((8, 16), 65535)])
        .astype("<u2")
        .tobytes(),
        video(True),
        1,
    ),
} | {
    f"ASTC {width}x{height}": (in_astc(width, height), UNIFORM, 1)
    for width, height in (
        *((4, 4), (5, 4), (5, 5), (6, 5), (6, 6), (8, 5), (8, 6), (8, 8)),
        *((10, 5), (10, 6), (10, 8), (10, 10), (12, 10), (12, 12)),
    )
}
