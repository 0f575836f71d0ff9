"""ASTC, read by Arm's own decoder; it comes with the extra that reads Unity files."""

from __future__ import annotations

from functools import cache
from threading import get_ident
from typing import Any

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import Samples
from consumer.imaging.texels.texel_format import TexelFormat, blocks_of


def astc(block_width: int, block_height: int, *, hdr: bool = False) -> TexelFormat:
    """Return the format with blocks of this size; ``hdr`` where blocks may hold values above 1."""

    def unpack(data: bytes, width: int, height: int) -> Samples:
        try:
            import astc_encoder  # noqa: PLC0415 - an extra
        except ImportError:
            raise undecodable("is compressed as ASTC, which needs: pip install 'aegis-tagger[extract]'") from None
        image = astc_encoder.ASTCImage(astc_encoder.ASTCType.U8, width, height, 1)
        swizzle = astc_encoder.ASTCSwizzle.from_str("RGBA")
        _context(get_ident(), block_width, block_height, hdr).decompress(data, image, swizzle)
        assert image.data is not None
        return np.frombuffer(image.data, np.uint8).reshape(height, width, 4)

    def size_bytes(width: int, height: int) -> int:
        return blocks_of(width, height, block_width, block_height) * 16

    name = f"ASTC {'HDR ' if hdr else ''}{block_width}x{block_height}"
    return TexelFormat(name, "RGBA", unpack, size_bytes, "astc-encoder", "clamped to 0…1, 8 bits" if hdr else "")


@cache
def _context(thread: int, block_width: int, block_height: int, hdr: bool) -> Any:
    """Return a decoder; each belongs to the thread that made it."""
    import astc_encoder  # noqa: PLC0415 - an extra

    del thread
    # Decoding to unorm8 is valid for the LDR profile alone.
    profile = astc_encoder.ASTCProfile.HDR if hdr else astc_encoder.ASTCProfile.LDR
    flags = {} if hdr else {"flags": astc_encoder.ASTCConfigFlags.USE_DECODE_UNORM8}
    config = astc_encoder.ASTCConfig(profile, block_width, block_height, block_z=1, quality=100, **flags)
    return astc_encoder.ASTCContext(config)
