"""The block formats of phones, ETC, PVRTC and ATC; their decoder comes with the extra that reads Unity files."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import Samples
from consumer.imaging.texels.texel_format import TexelFormat, blocks_of

_READER: Final = "texture2ddecoder"
_LEAST_HEIGHT: Final = 8
_BANDS: Final = {"RGB": [2, 1, 0], "RGBA": [2, 1, 0, 3]}


def _unpack(data: bytes, width: int, height: int, *, function: str, mode: str, rest: tuple[bool, ...] = ()) -> Samples:
    try:
        import texture2ddecoder  # noqa: PLC0415 - an extra
    except ImportError:
        raise undecodable("is compressed for phones, which needs: pip install 'aegis-tagger[extract]'") from None
    across, down = -(-width // 4) * 4, -(-height // 4) * 4
    texels = getattr(texture2ddecoder, function)(data, across, down, *rest)
    whole = np.frombuffer(texels, np.uint8).reshape(down, across, 4)
    return np.ascontiguousarray(whole[:height, :width, _BANDS[mode]])


def _blocks(name: str, mode: str, block_bytes: int, function: str) -> TexelFormat:
    def size_bytes(width: int, height: int) -> int:
        return blocks_of(width, height) * block_bytes

    return TexelFormat(name, mode, partial(_unpack, function=function, mode=mode), size_bytes, _READER)


def _pvrtc(name: str, mode: str, *, two_bits: bool) -> TexelFormat:
    least_width = 16 if two_bits else 8

    def size_bytes(width: int, height: int) -> int:
        # Blocks are blended with their neighbours, and so there are two in each direction at least.
        return max(width, least_width) * max(height, _LEAST_HEIGHT) * (2 if two_bits else 4) // 8

    def unpack(data: bytes, width: int, height: int) -> Samples:
        if width & (width - 1) or height & (height - 1):
            raise undecodable(f"is {width} by {height} pixels of PVRTC, whose sides are powers of two")
        across, down = max(width, least_width), max(height, _LEAST_HEIGHT)
        whole = _unpack(data, across, down, function="decode_pvrtc", mode=mode, rest=(two_bits,))
        return np.ascontiguousarray(whole[:height, :width])

    return TexelFormat(name, mode, unpack, size_bytes, _READER)


ETC1: Final = _blocks("ETC1", "RGB", 8, "decode_etc1")
ETC2_RGB: Final = _blocks("ETC2 RGB", "RGB", 8, "decode_etc2")
ETC2_RGBA1: Final = _blocks("ETC2 RGBA1", "RGBA", 8, "decode_etc2a1")
ETC2_RGBA8: Final = _blocks("ETC2 RGBA8", "RGBA", 16, "decode_etc2a8")
ATC_RGB: Final = _blocks("ATC RGB", "RGB", 8, "decode_atc_rgb4")
ATC_RGBA: Final = _blocks("ATC RGBA", "RGBA", 16, "decode_atc_rgba8")
PVRTC_RGB2: Final = _pvrtc("PVRTC RGB, 2 bits", "RGB", two_bits=True)
PVRTC_RGBA2: Final = _pvrtc("PVRTC RGBA, 2 bits", "RGBA", two_bits=True)
PVRTC_RGB4: Final = _pvrtc("PVRTC RGB, 4 bits", "RGB", two_bits=False)
PVRTC_RGBA4: Final = _pvrtc("PVRTC RGBA, 4 bits", "RGBA", two_bits=False)
