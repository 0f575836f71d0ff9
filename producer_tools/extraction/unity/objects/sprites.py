"""Unity's sprites: cut out of their texture, turned back as they were packed, their outline applied."""

from __future__ import annotations

from typing import Any, Final

from PIL import Image
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
    image = texture.crop((rect.x, rect.y, rect.x + rect.width, rect.y + rect.height))
    packed, turn, rectangle = place.settingsRaw & 1, place.settingsRaw >> 2 & 0xF, place.settingsRaw >> 1 & 1
    if packed and turn in _TURNS:
        image = image.transpose(_TURNS[turn])
    return image if rectangle else _within_outline(sprite, in_eight_bits(image), in_eight_bits(texture))


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


def _within_outline(sprite: Any, image: Image.Image, texture: Image.Image) -> Image.Image:
    """Return what the sprite's mesh covers; the whole rectangle where the mesh is of a layout that is not read."""
    from UnityPy.export.SpriteHelper import mask_sprite, render_sprite_mesh  # noqa: PLC0415 - an extra
    from UnityPy.helpers.MeshHelper import MeshHandler  # noqa: PLC0415 - an extra

    try:
        mesh: Any = MeshHandler(sprite.m_RD, sprite.object_reader.version)
        mesh.process()
        if mesh.m_UV0 and any(u or v for u, v in mesh.m_UV0):
            outlined: Image.Image = render_sprite_mesh(sprite, mesh, texture)
        else:
            outlined = mask_sprite(sprite, mesh, image)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever the mesh is, its rectangle is right
        return image
    return outlined
