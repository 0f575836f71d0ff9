"""Sizes that graphics hardware or a budget does not like."""

from __future__ import annotations

from typing import Final

from consumer.findings.check import Check, Severity
from consumer.findings.texture import Texture

# Formats of 4 by 4 blocks; those of ASTC have other sizes too.
_BLOCKS: Final = ("BC", "DXT", "ATI", "ETC", "EAC", "PVRTC", "ATC")


def _not_power_of_two(texture: Texture, _: float) -> float | None:
    longest = max(texture.sides)
    odd = [side for side in texture.sides if side & (side - 1)]
    return float(odd[0]) if odd and longest > 1 and _wants_round_sizes(texture) else None


def _not_multiple_of_four(texture: Texture, _: float) -> float | None:
    odd = [side for side in texture.sides if side % 4]
    return float(odd[0]) if odd and max(texture.sides) > 4 and is_in_blocks(texture) else None


def _over_budget(texture: Texture, limit: float) -> float | None:
    longest = float(max(texture.sides))
    return longest if longest > limit else None


def _wants_round_sizes(texture: Texture) -> bool:
    """Tell what is laid on a model, and repeated or made smaller there; pictures of an interface need no such size."""
    facts = texture.facts
    return (facts.mip_count or 1) > 1 or facts.usage == "normal_map" or bool(facts.wrap == "repeat" and facts.mip_count)


def is_in_blocks(texture: Texture) -> bool:
    """Tell textures whose file holds blocks of 4 by 4 pixels."""
    return (texture.facts.format or "").upper().startswith(_BLOCKS)


SIZE: Final = (
    Check(
        "AEG101",
        "not-power-of-two",
        Severity.NOTE,
        "pixels of the side",
        "Mipmaps of such a size are blurred by rounding, and older or mobile hardware cannot repeat the texture.",
        "Make both sides a power of two, or switch mipmaps and repetition off.",
        _not_power_of_two,
    ),
    Check(
        "AEG102",
        "not-multiple-of-four",
        Severity.WARNING,
        "pixels of the side",
        "Block compression works on 4 by 4 pixels: the last blocks hold padding, and some engines refuse the texture.",
        "Make both sides a multiple of four.",
        _not_multiple_of_four,
    ),
    Check(
        "AEG103",
        "over-budget",
        Severity.WARNING,
        "pixels of the longest side",
        "Memory and loading time grow with the square of the side, and few screens show so many pixels of one surface.",
        "Make it smaller, or raise the limit for what is seen so large.",
        _over_budget,
        4096,
        "longest side allowed, in pixels",
    ),
)
