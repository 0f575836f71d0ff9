"""Block-compressed texels, BC1 to BC7: 4 by 4 pixels in 8 or 16 bytes."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
from PIL import Image

from consumer.imaging.picture import Samples
from consumer.imaging.texels.colour_blocks import rgba_of
from consumer.imaging.texels.texel_format import TexelFormat, blocks_of

_READER: Final = "Pillow"


def _pillow(data: bytes, width: int, height: int, *, mode: str, number: int, variant: str) -> Samples:
    image = Image.frombytes(mode, (width, height), data, "bcn", (number, variant))
    return np.asarray(image).reshape(height, width, -1)


def _colours_alone(data: bytes, width: int, height: int) -> Samples:
    pixels = rgba_of(np.frombuffer(data, np.uint8).reshape(-1, 8), three_colours=True)
    return whole_picture(pixels.reshape(-1, 4, 4, 4), width, height)


def _colours_and_alpha(data: bytes, width: int, height: int, *, four_bits: bool) -> Samples:
    halves = np.frombuffer(data, np.uint8).reshape(-1, 2, 8)
    pixels = rgba_of(halves[:, 1], three_colours=False)
    if four_bits:
        pixels[..., 3] = np.stack([halves[:, 0] & 0xF, halves[:, 0] >> 4], axis=-1).reshape(-1, 16) * np.uint8(17)
    picture = whole_picture(pixels.reshape(-1, 4, 4, 4), width, height)
    if not four_bits:
        alpha = halves[:, 0].tobytes()
        picture[..., 3:] = _pillow(alpha, width, height, mode="L", number=4, variant="BC4")
    return picture


def _signed_channel(data: bytes, width: int, height: int) -> Samples:
    """Decode signed BC4: two ends of a line, and for each pixel one of eight places on it."""
    blocks = np.frombuffer(data, np.uint8).reshape(-1, 8)
    ends = np.maximum(blocks[:, :2].view(np.int8).astype(np.float32), -127)
    first, last = ends[:, :1], ends[:, 1:]
    seven, five = np.arange(1, 7, dtype=np.float32), np.arange(1, 5, dtype=np.float32)
    wide = np.concatenate([first, last, (first * (7 - seven) + last * seven) / 7], axis=1)
    lowest = np.full_like(first, -127)
    narrow = np.concatenate([first, last, (first * (5 - five) + last * five) / 5, lowest, -lowest], axis=1)
    levels = (np.where(first > last, wide, narrow) + 127) * np.float32(255 / 254) + np.float32(0.5)
    bits = np.unpackbits(blocks[:, 2:], axis=1, bitorder="little").reshape(-1, 16, 3)
    places = bits @ np.array([1, 2, 4], np.uint8)
    values = np.take_along_axis(levels.astype(np.uint8), places.astype(np.intp), axis=1)
    return whole_picture(values.reshape(-1, 4, 4, 1), width, height)


def _signed_pair(data: bytes, width: int, height: int) -> Samples:
    halves = np.frombuffer(data, np.uint8).reshape(-1, 2, 8)
    planes = [_signed_channel(halves[:, place].tobytes(), width, height) for place in (0, 1)]
    return np.concatenate([*planes, np.full((height, width, 1), 128, np.uint8)], axis=-1)


def whole_picture(blocks: Samples, width: int, height: int) -> Samples:
    """Return blocks, [count, block height, block width, bands], as one picture without what stands over its edges."""
    _, block_height, block_width, bands = blocks.shape
    rows = blocks.reshape(-(-height // block_height), -1, block_height, block_width, bands).swapaxes(1, 2)
    return rows.reshape(rows.shape[0] * block_height, -1, bands)[:height, :width]


def _blocks(name: str, mode: str, block_bytes: int, number: int, *, variant: str = "", loss: str = "") -> TexelFormat:
    def size_bytes(width: int, height: int) -> int:
        return blocks_of(width, height) * block_bytes

    unpack = partial(_pillow, mode=mode, number=number, variant=variant or name)
    return TexelFormat(name, mode, unpack, size_bytes, _READER, loss)


def _eight_bytes(width: int, height: int) -> int:
    return blocks_of(width, height) * 8


def _sixteen_bytes(width: int, height: int) -> int:
    return blocks_of(width, height) * 16


BC1: Final = TexelFormat("BC1", "RGBA", _colours_alone, _eight_bytes, "numpy")
BC2: Final = TexelFormat("BC2", "RGBA", partial(_colours_and_alpha, four_bits=True), _sixteen_bytes, "numpy")
BC3: Final = TexelFormat("BC3", "RGBA", partial(_colours_and_alpha, four_bits=False), _sixteen_bytes, "numpy, Pillow")
BC4: Final = _blocks("BC4", "L", 8, 4)
BC5: Final = _blocks("BC5", "RGB", 16, 5)
BC6H: Final = _blocks("BC6H", "RGB", 16, 6, loss="clamped to 0…1, 8 bits")
BC7: Final = _blocks("BC7", "RGBA", 16, 7)
BC4_SIGNED: Final = TexelFormat("BC4 signed", "L", _signed_channel, _eight_bytes, "numpy")
BC5_SIGNED: Final = TexelFormat("BC5 signed", "RGB", _signed_pair, _sixteen_bytes, "numpy")
