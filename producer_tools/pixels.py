"""Image files to pixels and pixels to PNG, within limits."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import IO, Final

from PIL import Image, UnidentifiedImageError

from producer_tools.limits import ReadLimits
from producer_tools.textures import UnreadableImageError

# Formats that need no helper program; the order is the one in which Pillow tries them, TGA last as it has no magic.
FORMATS: Final = ("PNG", "JPEG", "DDS", "WEBP", "BMP", "PSD", "GIF", "TIFF", "TGA")
EXTENSIONS: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".tga", ".dds", ".webp", ".bmp", ".psd", ".gif", ".tif", ".tiff"}
)
_PNG_MODES: Final = frozenset({"1", "L", "LA", "RGB", "RGBA", "I;16"})
# Fast: writing is the larger half of an extraction, and textures compress little better at 6.
_PNG_COMPRESSION: Final = 2


def open_image(file: IO[bytes], limits: ReadLimits) -> Image.Image:
    """Decode an image file; the header is checked before any pixel is.

    Raises:
        UnreadableImageError: not an image that is read here, damaged, or larger than the limits.

    """
    # Our own limit stands in for Pillow's, which warns at one size and raises at twice of it.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(file, formats=FORMATS)
            check_size(*image.size, limits)
            image.load()
            return to_png_mode(image)
    except UnreadableImageError:
        raise
    except MemoryError:
        raise UnreadableImageError("needs more memory than AEGIS_EXTRACT_MEMORY_BYTES allows") from None
    except UnidentifiedImageError:
        raise UnreadableImageError("is not an image of a kind that is read") from None
    except Exception as error:
        raise UnreadableImageError(f"cannot be decoded ({brief(error)})") from error


def check_size(width: int, height: int, limits: ReadLimits) -> None:
    """Raise UnreadableImageError when an image of this size in pixels must not be decoded."""
    refusal = limits.refusal_of_size(width, height)
    if refusal:
        raise UnreadableImageError(refusal)


def to_png_mode(image: Image.Image) -> Image.Image:
    """Return the image in a mode that PNG holds, without metadata; transparency is kept as an alpha channel.

    Raises:
        UnreadableImageError: the pixels are floating-point numbers, which PNG cannot hold.

    """
    if image.mode == "F":
        raise UnreadableImageError("has floating-point pixels, which PNG cannot hold")
    if image.mode == "I" or image.mode.startswith("I;16"):
        image = image.convert("I;16")
    elif image.has_transparency_data and image.mode not in {"LA", "RGBA"}:
        image = image.convert("RGBA")
    elif image.mode not in _PNG_MODES:
        image = image.convert("RGB")
    image.info = {}
    return image


def write_png(image: Image.Image, path: Path) -> None:
    """Write the image as PNG; equal pixels give equal bytes."""
    image.save(path, format="PNG", compress_level=_PNG_COMPRESSION)


def with_alpha(image: Image.Image, companion: Image.Image) -> Image.Image:
    """Return the image with what the companion holds as its alpha, the companion scaled where sizes differ."""
    alpha = _level(companion)
    if alpha.size != image.size:
        alpha = alpha.resize(image.size, Image.Resampling.BILINEAR)
    merged = image.convert("RGB")
    merged.putalpha(alpha)
    return merged


def _level(companion: Image.Image) -> Image.Image:
    """Return the companion's brightness; its alpha where all its pixels are of one colour, as in Alpha8 textures."""
    brightness = companion.convert("RGB").getchannel("G")
    if companion.has_transparency_data and _is_constant(brightness):
        alpha = companion.convert("RGBA").getchannel("A")
        if not _is_constant(alpha):
            return alpha
    return brightness


def _is_constant(channel: Image.Image) -> bool:
    lowest, highest = channel.getextrema()
    return lowest == highest


def brief(error: BaseException) -> str:
    """Return an exception as a few words on one line."""
    text = " ".join(str(error).split())[:160]
    return text or type(error).__name__
