"""OpenRaster and Krita's documents: zip archives of layers, with the picture that they make up beside them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture

# The first member of both says so, and is not packed.
_ZIP: Final = b"PK\x03\x04"
_NAME_AT: Final = 30
_MIME_TYPES: Final = (b"mimetypeimage/openraster", b"mimetypeapplication/x-krita")
_WHOLE: Final = "mergedimage.png"
_INSIDE: Final = ("PNG",)

Read = Callable[[bytes, ImageLimits], Picture]


def is_openraster(head: bytes) -> bool:
    return head.startswith(_ZIP) and head[_NAME_AT:].startswith(_MIME_TYPES)


def read_openraster(data: bytes, limits: ImageLimits, read_image: Read) -> Picture:
    """Decode the flattened picture; ``read_image`` reads the PNG that it is. Raises ImageRejectedError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(_WHOLE) as member:
            png = member.read(limits.max_bytes + 1)
    except KeyError:
        raise undecodable("holds no flattened picture: save it as PNG") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise undecodable(f"is a document of layers that is damaged: save it as PNG ({error})") from error
    return read_image(png, replace(limits, formats=_INSIDE))
