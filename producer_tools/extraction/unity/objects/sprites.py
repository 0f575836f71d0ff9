"""Unity's sprites: cut out of their texture, turned back as they were packed, their outline applied."""

from __future__ import annotations

from typing import Any, Final

from PIL import Image, ImageDraw
from PIL.Image import Transpose

from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import check_size, in_eight_bits
from producer_tools.extraction.textures import UnreadableImageError
from producer_tools.extraction.unity.objects.textures import TextureImages

_TURNS: Final = {
    1: Transpose.FLIP_LEFT_RIGHT,
    2: Transpose.FLIP_TOP_BOTTOM,
    3: Transpose.ROTATE_180,
    4: Transpose.ROTATE_270,
}


def sprite_image(sprite: Any, images: TextureImages, limits: ReadLimits) -> Image.Image:
    """Return the sprite as Unity has it, its lowest row first; raises UnreadableImageError."""
    place = _place(sprite, images)
    rect = place.textureRect
    check_size(int(rect.width), int(rect.height), limits)
    if not place.texture:
        raise UnreadableImageError("is cut from no texture")
    alpha = place.alphaTexture.deref() if getattr(place, "alphaTexture", None) else None
    texture = images.image(place.texture.deref(), alpha)
    scale = _scale(place)
    image = texture.crop(_box(rect, scale, texture))
    packed, turn, rectangle = place.settingsRaw & 1, place.settingsRaw >> 2 & 0xF, place.settingsRaw >> 1 & 1
    if packed and turn in _TURNS:
        image = image.transpose(_TURNS[turn])
    return image if rectangle else _within_outline(sprite, place, image, texture)


def _scale(place: Any) -> float:
    """Return how large the texture is beside the one that the sprite was placed in: variants of atlases are smaller."""
    scale = float(getattr(place, "downscaleMultiplier", None) or 1)
    return scale if 0 < scale <= 1 else 1.0


def _box(rect: Any, scale: float, texture: Image.Image) -> tuple[int, int, int, int]:
    """Return the part of the texture, as far as there is one; raises UnreadableImageError where there is none."""
    corners = (rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)
    left, top, right, bottom = (round(corner * scale) for corner in corners)
    # A sprite of a variant may become narrower than a pixel.
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    box = max(left, 0), max(top, 0), min(right, texture.width), min(bottom, texture.height)
    if box[0] >= box[2] or box[1] >= box[3]:
        raise UnreadableImageError(
            f"lies at {left}, {top} outside its texture of {texture.width} by {texture.height} pixels"
        )
    return box


def _place(sprite: Any, images: TextureImages) -> Any:
    """Return where the sprite lies: its atlas says so where it has one, which may know of it alone."""
    atlas = None
    if sprite.m_SpriteAtlas:
        atlas = sprite.m_SpriteAtlas.deref_parse_as_object()
    elif sprite.m_AtlasTags:
        atlases = (
            reader
            for reader in sprite.assets_file.objects.values()
            if reader.type.name == "SpriteAtlas" and reader.peek_name() == sprite.m_AtlasTags[0]
        )
        atlas_pointer = next(atlases, None)
        atlas = atlas_pointer.parse_as_object() if atlas_pointer else None
    if atlas is None and not sprite.m_RD.texture:
        atlas = images.atlas_of(sprite)
    if atlas is None:
        return sprite.m_RD
    try:
        return next(data for key, data in atlas.m_RenderDataMap if key == sprite.m_RenderDataKey)
    except StopIteration:
        raise UnreadableImageError("is not in its atlas") from None


def _within_outline(sprite: Any, place: Any, image: Image.Image, texture: Image.Image) -> Image.Image:
    """Return what the sprite's mesh covers; the whole rectangle where the mesh is of a layout that is not read."""
    from UnityPy.export.SpriteHelper import render_sprite_mesh  # noqa: PLC0415 - an extra
    from UnityPy.helpers.MeshHelper import MeshHandler  # noqa: PLC0415 - an extra

    try:
        mesh: Any = MeshHandler(sprite.m_RD, sprite.object_reader.version)
        mesh.process()
        if mesh.m_UV0 and any(u or v for u, v in mesh.m_UV0):
            outlined: Image.Image = render_sprite_mesh(sprite, mesh, _with_alpha(texture))
            return outlined
        mask = _mask(sprite, place, mesh, image.size)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever the mesh is, its rectangle is right
        return image
    if not mask.getbbox():
        return image
    whole = _with_alpha(image)
    return Image.composite(whole, Image.new("RGBA", whole.size), mask)


def _with_alpha(image: Image.Image) -> Image.Image:
    """Return the image with room for what its outline leaves out."""
    return in_eight_bits(image).convert("RGBA")


def _mask(sprite: Any, place: Any, mesh: Any, size: tuple[int, int]) -> Image.Image:
    """Return the triangles of the mesh in the sprite's rectangle, the lowest row first.

    Its points are counted from the pivot, which may lie anywhere, in units of so many pixels.
    """
    scale, pixels = _scale(place), sprite.m_PixelsToUnits
    least = [min(point[axis] for point in mesh.m_Vertices) for axis in (0, 1)]
    starts = [0.0, 0.0]
    pivot = getattr(sprite, "m_Pivot", None)
    # Before the pivot was kept, all that is known is that the mesh fills the rectangle.
    if pivot is not None:
        offset = place.textureRectOffset
        starts = [
            _start(least[0] * pixels + sprite.m_Rect.width * pivot.x - offset.x),
            _start(least[1] * pixels + sprite.m_Rect.height * pivot.y - offset.y),
        ]
    points = [
        tuple(((point[axis] - least[axis]) * pixels + starts[axis]) * scale for axis in (0, 1))
        for point in mesh.m_Vertices
    ]
    mask = Image.new("1", size)
    draw = ImageDraw.Draw(mask)
    for submesh in mesh.get_triangles():
        for corners in submesh:
            draw.polygon([points[corner] for corner in corners], fill=1)
    return mask


def _start(pixels: float) -> float:
    """Return where the mesh begins in its rectangle; whole pixels were cut out, though the offset has fractions."""
    return pixels if abs(pixels) >= 1 else 0.0
