"""Unity's textures to images: the bytes of a Texture2D, its alpha from another texture, its normals as x, y, z."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from PIL import Image

from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import Samples
from consumer.imaging.texels.normals import from_xy
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import check_size, to_image, with_alpha
from producer_tools.extraction.textures import EmptyTextureError, UnreadableImageError
from producer_tools.extraction.unity.objects.crunch import uncrunched
from producer_tools.extraction.unity.objects.facts import facts_of
from producer_tools.extraction.unity.objects.formats import UNITY_FORMATS, UNREAD, UnityFormat

ObjectId = tuple[int, int]

_KEPT_DECODED: Final = 4
_XBOX_360: Final = 11
_SWAPPED_ON_XBOX_360: Final = frozenset({7, 10, 12, 28, 29})
_RGB24, _RGBA32, _BGR24, _BGRA32 = 3, 4, 8, 14
# What m_LightmapFormat says that a texture is used for.
_NORMAL_DXT5NM, _NORMAL_PLAIN, _NORMAL_ASTCNM, _RED_ALONE, _ALPHA_ALONE = 3, 4, 10, 11, 12


def object_id(reader: Any) -> ObjectId:
    """Return what tells an object from all others of one environment."""
    return id(reader.assets_file), int(reader.path_id)


class TextureImages:
    """Decodes textures, and keeps the last few: sprites of one atlas come one after the other."""

    def __init__(
        self, limits: ReadLimits, alpha_of: Mapping[ObjectId, Any], atlas_of: Callable[[Any], Any] = lambda _: None
    ) -> None:
        """Decodes nothing yet.

        Args:
            limits: of what is decoded.
            alpha_of: textures that hold the alpha of others.
            atlas_of: gives the atlas of a sprite that does not say so itself, None for none.

        """
        self.atlas_of = atlas_of
        self._limits = limits
        self._alpha_of = alpha_of
        self._kept: OrderedDict[tuple[ObjectId, ObjectId | None], Image.Image] = OrderedDict()
        self._parsed: Any = None
        self._uncrunched: tuple[Any, bytes] | None = None

    def image(self, reader: Any, alpha: Any = None) -> Image.Image:
        """Return a Texture2D as Unity has it, its lowest row first.

        ``alpha`` is the texture that holds its alpha; without one that which a material or a name gives it.
        Raises UnreadableImageError.
        """
        companion = alpha or self._alpha_of.get(object_id(reader))
        key = object_id(reader), object_id(companion) if companion else None
        image = self._kept.get(key)
        if image is None:
            image = self._decoded(reader)
            if companion is not None:
                image = with_alpha(image, self._decoded(companion))
            while len(self._kept) >= _KEPT_DECODED:
                self._kept.popitem(last=False)
            self._kept[key] = image
        return image

    def parsed(self, reader: Any) -> Any:
        """Return a texture of several pictures with its bytes, which are kept until the next is asked for."""
        if self._parsed is None or self._parsed.object_reader is not reader:
            self._parsed = reader.parse_as_object()
        return self._parsed

    def uncrunched(self, texture: Any, name: str) -> bytes:
        """Return the texels of all pictures of a crunched texture, kept until another is asked for."""
        if self._uncrunched is None or self._uncrunched[0] is not texture:
            texels = uncrunched(bytes(stored_bytes(texture)), name, texture.object_reader.version)
            self._uncrunched = texture, texels
        return self._uncrunched[1]

    def _decoded(self, reader: Any) -> Image.Image:
        texture = reader.parse_as_object()
        width, height = texture.m_Width, texture.m_Height
        if width == height == 0:
            raise EmptyTextureError
        check_size(width, height, self._limits)
        known = UNITY_FORMATS.get(int(texture.m_TextureFormat))
        return to_image(pixels_of(texture, stored_bytes(texture), width, height), facts_of(texture, known))


def stored_bytes(texture: Any, start: int = 0, size_bytes: int | None = None) -> bytes | memoryview:
    """Return the bytes of a texture, or some of them, from its own file or the one that it names.

    Raises FileNotFoundError, and UnreadableImageError where there are none.
    """
    streamed = getattr(texture, "m_StreamData", None)
    if texture.image_data:
        end = None if size_bytes is None else start + size_bytes
        return memoryview(texture.image_data)[start:end]
    if not streamed or not streamed.path:
        raise UnreadableImageError("has no pixels in this file")
    left = max(streamed.size - start, 0)
    reader = texture.object_reader.assets_file.environment.resource(streamed.path)
    reader.Position = streamed.offset + start
    data = reader.read_bytes(left if size_bytes is None else min(size_bytes, left))
    if not data:
        raise UnreadableImageError(f"has its pixels beyond the end of {streamed.path}: that file was cut short")
    return bytes(data)


def size_of_stored(texture: Any) -> int:
    """Return how many bytes a texture has."""
    streamed = getattr(texture, "m_StreamData", None)
    return len(texture.image_data) or (int(streamed.size) if streamed else 0)


def pixels_of(
    texture: Any, data: bytes | memoryview, width: int, height: int, known: UnityFormat | None = None
) -> Samples:
    """Return the pixels that these bytes of a texture are, in the texture's own format where none is given.

    Raises UnreadableImageError.
    """
    reader = texture.object_reader
    number = -1 if known else int(texture.m_TextureFormat)
    platform = int(reader.platform)
    if platform == _XBOX_360 and number in _SWAPPED_ON_XBOX_360:
        data = np.frombuffer(data, "<u2", len(data) // 2).byteswap().tobytes()
    across, down = width, height
    blob = getattr(texture, "m_PlatformBlob", None)
    if blob and not known:
        number, data, across, down = _in_order(number, data, width, height, platform, blob)
    known = known or format_of(number)
    if known.crunched:
        data = uncrunched(bytes(data), known.name, reader.version)
    try:
        pixels = known.texels.decode(data, across, down)[:height, :width]
    except ImageRejectedError as error:
        raise UnreadableImageError(error.reason) from error
    usage = getattr(texture, "m_LightmapFormat", None) or getattr(texture, "m_UsageMode", None)
    return _meant(pixels, known, int(usage or 0))


def format_of(number: int) -> UnityFormat:
    """Return a texture format by Unity's number; raises UnreadableImageError for one that is not read."""
    known = UNITY_FORMATS.get(number)
    if known is None:
        name = UNREAD.get(number, f"number {number}")
        raise UnreadableImageError(
            f"is in Unity's texture format {name}, which is not read: export it from the project as PNG"
        )
    return known


def _in_order(  # noqa: PLR0917 - a texture in its pieces
    number: int, data: Any, width: int, height: int, platform: int, blob: Any
) -> tuple[int, Any, int, int]:
    """Undo the order in which the Switch keeps texels; return format, data and padded size."""
    from UnityPy.enums import TextureFormat  # noqa: PLC0415 - an extra
    from UnityPy.helpers import TextureSwizzler  # noqa: PLC0415 - an extra

    if not TextureSwizzler.is_switch_swizzled(platform, blob):
        return number, data, width, height
    # The Switch has no texels of three bytes.
    number = {_RGB24: _RGBA32, _BGR24: _BGRA32}.get(number, number)
    sides = TextureSwizzler.TEXTURE_FORMAT_BLOCK_SIZE_MAP.get(TextureFormat(number))
    if sides is None:
        raise UnreadableImageError(f"is in Unity's texture format {format_of(number).name} as the Switch orders it")
    gobs = TextureSwizzler.get_switch_gobs_per_block(blob)
    across, down = TextureSwizzler.get_padded_texture_size(width, height, *sides, gobs)
    return number, TextureSwizzler.deswizzle(data, across, down, *sides, gobs), across, down


def _meant(pixels: Samples, known: UnityFormat, usage: int) -> Samples:
    """Return the pixels as what the texture is used for."""
    bands = pixels.shape[2]
    if usage in {_NORMAL_DXT5NM, _NORMAL_ASTCNM} and bands >= 3:
        x = pixels[..., 3] if bands == 4 else np.full(pixels.shape[:2], 255, np.uint8)
        if usage == _NORMAL_DXT5NM:
            # One of both is 255 throughout, whichever the format has no room for.
            x = ((x.astype(np.uint16) * pixels[..., 0] + 127) // 255).astype(np.uint8)
        return from_xy(x, pixels[..., 1])
    if usage == _NORMAL_PLAIN and known.two_channels:
        return from_xy(pixels[..., 0], pixels[..., 1])
    if usage == _RED_ALONE and bands >= 3:
        return pixels[..., :1]
    if usage == _ALPHA_ALONE and bands == 4:
        return pixels[..., 3:]
    return pixels[..., :3] if known.opaque and bands == 4 else pixels
