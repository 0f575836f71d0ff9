"""Textures of several pictures: the faces of a cube, the elements of an array, the slices of a volume."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from PIL import Image

from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import check_size, to_image
from producer_tools.extraction.textures import UnreadableImageError
from producer_tools.extraction.unity.objects.facts import facts_of
from producer_tools.extraction.unity.objects.formats import UnityFormat
from producer_tools.extraction.unity.objects.graphics_formats import GRAPHICS_FORMATS
from producer_tools.extraction.unity.objects.textures import (
    TextureImages,
    format_of,
    pixels_of,
    size_of_stored,
    stored_bytes,
)

CUBES: Final = ("Cubemap", "CubemapArray")
LAYERED: Final = (*CUBES, "Texture2DArray", "Texture3D")
_FACES: Final = 6
# Since this version arrays and volumes have a number of GraphicsFormat where they had one of TextureFormat.
_GRAPHICS_FORMATS_SINCE: Final = (2019, 1)


def count_of_layers(texture: Any, kind: str, limits: ReadLimits) -> int:
    """Return how many pictures a texture holds; raises UnreadableImageError where it claims too many."""
    if kind in CUBES:
        count = _FACES * (getattr(texture, "m_CubemapCount", None) or 1)
    else:
        count = getattr(texture, "m_Depth", None) or getattr(texture, "m_ImageCount", None) or 0
    if not 0 < count <= limits.max_members:
        raise UnreadableImageError(f"claims to hold {count} pictures, 1 to {limits.max_members} are read")
    return int(count)


def layer_image(reader: Any, number: int, images: TextureImages, limits: ReadLimits) -> Image.Image:
    """Return one of the pictures, upright.

    Faces of a cube are kept from the top to the bottom, all others as Texture2D is. Raises UnreadableImageError.
    """
    texture, kind = images.parsed(reader), reader.type.name
    width = texture.m_Width
    height = getattr(texture, "m_Height", None) or width
    check_size(width, height, limits)
    known = _format(texture, kind, tuple(reader.version[:2]))
    count = count_of_layers(texture, kind, limits)
    if known.crunched:
        texels = images.uncrunched(texture, known.name)
        step = len(texels) // count
        data: bytes | memoryview = memoryview(texels)[number * step : (number + 1) * step]
    else:
        # All slices of the largest size come first; those of arrays and cubes come with their smaller sizes.
        step = known.texels.size_bytes(width, height) if kind == "Texture3D" else size_of_stored(texture) // count
        data = stored_bytes(texture, number * step, step)
    own = None if kind == "Cubemap" and not known.crunched else replace(known, crunched=False)
    image = to_image(pixels_of(texture, data, width, height, own), facts_of(texture, known))
    return image if kind in CUBES else image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def _format(texture: Any, kind: str, version: tuple[int, ...]) -> UnityFormat:
    if kind == "Cubemap":
        return format_of(int(texture.m_TextureFormat))
    number = int(getattr(texture, "m_Format", None) or getattr(texture, "m_TextureFormat", None) or 0)
    if version < _GRAPHICS_FORMATS_SINCE:
        return format_of(number)
    known = GRAPHICS_FORMATS.get(number)
    if known is None:
        raise UnreadableImageError(f"is in Unity's GraphicsFormat {number}, which is not read: export it as PNG")
    return known
