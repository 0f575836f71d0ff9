"""What an atlas file says of a sheet, and a sprite cut out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from consumer.imaging.texels.alpha import straight
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import check_size, in_eight_bits
from producer_tools.extraction.textures import UnreadableImageError

# Trimmed sprites are a part of their whole; a claim beyond so many sheets is none.
_LARGEST_WHOLE: Final = 4


@dataclass(frozen=True, slots=True)
class Sprite:
    """A rectangle of a sheet, in pixels from its upper left corner, ``width`` and ``height`` as the sprite stands.

    ``turn`` is how many degrees counter-clockwise bring it upright; 90 and 270 lie in the sheet with sides swapped.
    ``whole`` is (width, height) of the sprite before it was trimmed, and ``offset`` where in that the rectangle lies.
    """

    name: str
    left: int
    top: int
    width: int
    height: int
    turn: int = 0
    whole: tuple[int, int] | None = None
    offset: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """``image`` is the name that the atlas gives to the picture beside it.

    ``premultiplied`` tells that the picture's colours are multiplied by their alpha.
    """

    image: str
    sprites: tuple[Sprite, ...]
    premultiplied: bool = False


def straightened(sheet: Image.Image) -> Image.Image:
    """Return a sheet whose colours were multiplied by their alpha as it was before."""
    return Image.fromarray(straight(np.asarray(sheet))) if sheet.mode == "RGBA" else sheet


def cut(sheet: Image.Image, sprite: Sprite, limits: ReadLimits) -> Image.Image:
    """Return the sprite, upright and with the transparent border that was trimmed off."""
    if sprite.turn % 90:
        raise UnreadableImageError(f"is turned by {sprite.turn} degrees in its sheet, which is not read")
    across, down = (sprite.height, sprite.width) if sprite.turn % 180 else (sprite.width, sprite.height)
    right, bottom = sprite.left + across, sprite.top + down
    if min(sprite.left, sprite.top) < 0 or min(across, down) < 1 or right > sheet.width or bottom > sheet.height:
        raise UnreadableImageError(f"lies outside of its sheet of {sheet.width} by {sheet.height} pixels")
    part = sheet.crop((sprite.left, sprite.top, right, bottom))
    turns = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
    upright = part.transpose(turns[sprite.turn % 360]) if sprite.turn % 360 else part
    if sprite.whole is None or (sprite.whole == upright.size and sprite.offset == (0, 0)):
        return upright
    width, height = sprite.whole
    check_size(width, height, limits)
    if width * height > _LARGEST_WHOLE * max(sheet.width * sheet.height, upright.width * upright.height):
        raise UnreadableImageError(f"claims to be {width} by {height} pixels, many times its sheet")
    whole = Image.new("RGBA", (width, height))
    whole.paste(in_eight_bits(upright).convert("RGBA"), sprite.offset)
    return whole
