"""Crunch, which packs texels of blocks once more: unpacked by texture2ddecoder, the six faces of a cube too."""

from __future__ import annotations

import struct
from typing import Final

from producer_tools.extraction.textures import UnreadableImageError

_FACES: Final = 6
_HEIGHT_AT: Final = 14
_FACES_AT: Final = 17
_HEADER_BYTES: Final = 62
# Unity changed its variant in 2017.3. Rows of blocks come by two, in the older variant by four, and there in turns
# from the left and from the right: only whole numbers of them go on from one face to the next.
_NEWER_SINCE: Final = (2017, 3)
_ROWS_NEWER, _ROWS_OLDER = 8, 16


def uncrunched(data: bytes, name: str, version: tuple[int, ...]) -> bytes:
    """Return the texels that Crunch packed, of a cube those of all six faces; raises UnreadableImageError.

    ``name`` is the format's, ``version`` Unity's. The decoder writes one picture alone, and past its end where there
    are six: faces are given to it as one picture six times as high, whose bytes are the same.
    """
    import texture2ddecoder  # noqa: PLC0415 - an extra

    if len(data) < _HEADER_BYTES:
        raise UnreadableImageError(f"is cut short: {name} begins with {_HEADER_BYTES} bytes, {len(data)} are there")
    # ETC was crunched by the newer variant alone.
    newer = tuple(version[:2]) >= _NEWER_SINCE or name.startswith("ETC")
    (height,) = struct.unpack_from(">H", data, _HEIGHT_AT)
    faces = data[_FACES_AT]
    if faces == _FACES:
        if height % (_ROWS_NEWER if newer else _ROWS_OLDER) or height * _FACES > 0xFFFF:
            raise UnreadableImageError(
                f"is packed as {name} in faces of {height} pixels, which are not read: export it as PNG"
            )
        stacked = bytearray(data)
        struct.pack_into(">H", stacked, _HEIGHT_AT, height * _FACES)
        stacked[_FACES_AT] = 1
        data = bytes(stacked)
    elif faces != 1:
        raise UnreadableImageError(f"is damaged: {name} of {faces} faces")
    unpack = texture2ddecoder.unpack_unity_crunch if newer else texture2ddecoder.unpack_crunch
    return bytes(unpack(data))
