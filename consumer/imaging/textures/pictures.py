"""From decoded texels to the picture that a texture file means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from consumer.imaging.facts import TextureFacts, mip_count
from consumer.imaging.picture import Picture, Samples
from consumer.imaging.texels import blocks
from consumer.imaging.texels.normals import from_xy
from consumer.imaging.texels.texel_format import TexelFormat


def as_meant(
    kind: TexelFormat, pixels: Samples, said: TextureFacts | None = None, *, upside_down: bool = False, mipmaps: int = 0
) -> Picture:
    """Return the pixels upright; the two channels of BC5 are a normal map's, here as in DDS files.

    ``said`` is what the file says beside that.
    """
    said = said or TextureFacts()
    usage = said.usage or ("single_channel" if kind.mode in {"L", "I;16"} else None)
    if kind in {blocks.BC5, blocks.BC5_SIGNED}:
        pixels, usage = from_xy(pixels[..., 0], pixels[..., 1]), "normal_map"
    pixels = np.ascontiguousarray(pixels[::-1]) if upside_down else pixels
    facts = replace(said, format=kind.name, usage=usage, mip_count=mip_count(mipmaps))
    return Picture(pixels, kind.mode, facts=facts)
