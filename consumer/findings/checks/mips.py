"""Mipmaps: missing, cut short, and where they do harm."""

from __future__ import annotations

from typing import Final

from consumer.findings.check import Check, Severity
from consumer.findings.texture import Texture

# Chains of block formats may end at 4 by 4 pixels.
_MAY_LACK: Final = 2


def _no_mip_chain(texture: Texture, limit: float) -> float | None:
    if texture.facts.mip_count != 1 or texture.facts.wrap not in {None, "repeat", "mirror"}:
        return None
    if min(texture.sides) < limit or not texture.is_surface or texture.is_pixel_art:
        return None
    return float(_whole_chain(texture))


def _short_mip_chain(texture: Texture, _: float) -> float | None:
    count = texture.facts.mip_count
    if count is None or count < 2:
        return None
    missing = _whole_chain(texture) - _MAY_LACK - count
    return float(missing) if missing > 0 else None


def _mips_on_pixel_art(texture: Texture, _: float) -> float | None:
    count = texture.facts.mip_count or 1
    return float(count) if count > 1 and texture.is_pixel_art else None


def _whole_chain(texture: Texture) -> int:
    return max(texture.sides).bit_length()


MIPS: Final = (
    Check(
        "AEG111",
        "no-mip-chain",
        Severity.WARNING,
        "sizes that a whole chain has",
        "Seen from afar the surface flickers, and reading it costs more memory bandwidth than with mipmaps.",
        "Let the exporter or the engine make mipmaps; ignore it for pictures of the interface.",
        _no_mip_chain,
        128,
        "shortest side from which mipmaps are missed, in pixels",
    ),
    Check(
        "AEG112",
        "short-mip-chain",
        Severity.NOTE,
        "sizes that are missing",
        "The chain ends before the smallest sizes: from afar the surface flickers as if it had no mipmaps.",
        "Make the chain down to one pixel, or to 4 by 4 for block formats.",
        _short_mip_chain,
    ),
    Check(
        "AEG113",
        "mips-on-pixel-art",
        Severity.NOTE,
        "sizes in the file",
        "Pixel art is meant to be seen pixel by pixel: mipmaps blur it and take a third more memory.",
        "Switch mipmaps off and filter by nearest neighbour.",
        _mips_on_pixel_art,
    ),
)
