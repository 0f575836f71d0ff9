"""Bytes to pixels. The header is checked before anything is decoded; whatever is wrong ends as one error."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Final

from PIL import Image, UnidentifiedImageError

from consumer.imaging.errors import ImageRejectedError, Rejection, undecodable
from consumer.imaging.files import blp, bmp, dds, jxl, openraster, psd, tga
from consumer.imaging.files.common import first_visible_frame, is_upright, lost_palette, read_fast, with_pillow
from consumer.imaging.files.jpeg import unusual_jpeg
from consumer.imaging.files.light import exr, rgbe
from consumer.imaging.files.png import apples_png
from consumer.imaging.files.tiff import deep_tiff
from consumer.imaging.layers import Layers
from consumer.imaging.picture import FORMATS, DecodedImage, ImageLimits, Picture, in_colour
from consumer.imaging.signatures import SIGNATURE_BYTES, image_format
from consumer.imaging.textures import basis, godot, ktx, ktx2, vtf

# The beginning of a file, or all of it, and its whole size.
_LAYERED: Final[Mapping[str, Callable[[bytes, int], Layers]]] = {
    "DDS": dds.dds_layers,
    "KTX": lambda data, _: ktx.ktx_layers(data),
    "KTX2": lambda data, _: ktx2.ktx2_layers(data),
    "BASIS": lambda data, _: basis.basis_layers(data),
    "VTF": lambda data, _: vtf.vtf_layers(data),
}
_SINGLE: Final[Mapping[str, Callable[[bytes, ImageLimits], Picture]]] = {
    "PSD": psd.read_psd,
    "BLP": blp.read_blp,
    "EXR": exr.read_exr,
    "HDR": rgbe.read_hdr,
    "JXL": jxl.read_jxl,
    "GODOT": lambda data, limits: godot.read_godot(data, limits, read),
    "ORA": lambda data, limits: openraster.read_openraster(data, limits, read),
}
# Read by ourselves: Pillow has some of their pixels wrong, and refuses others.
_OUR_OWN: Final = frozenset({*_LAYERED, *_SINGLE, "TGA"})

_JPEG: Final = b"\xff\xd8"

# Pillow's own limit would raise at a size of its choice; ours comes first.
Image.MAX_IMAGE_PIXELS = None


def decode(data: bytes, limits: ImageLimits) -> DecodedImage:
    """Decode one picture as models see it: 8 bits a channel, in colour, a large JPEG made smaller.

    The pixels are those of :func:`read` otherwise.

    Raises:
        ImageRejectedError: no image, of a format that is not allowed, above a limit, or broken.

    """
    return in_colour_or_rejected(read_reduced(data, limits))


def read_reduced(data: bytes, limits: ImageLimits) -> Picture:
    """Decode one picture as :func:`read` does, a large JPEG made smaller; every error is an ImageRejectedError."""
    try:
        return _read(data, limits, shrink=True)
    except MemoryError:
        raise undecodable("needs more memory than there is") from None


def in_colour_or_rejected(picture: Picture) -> DecodedImage:
    """Return the picture in 8 bits a channel, in colour; raises ImageRejectedError where memory is short."""
    try:
        return in_colour(picture)
    except MemoryError:
        raise undecodable("needs more memory than there is") from None


def read(data: bytes, limits: ImageLimits) -> Picture:
    """Decode one picture in full, as a person would see it.

    Palettes are expanded, CMYK converted, colours of more than 8 bits scaled, EXIF orientation applied. Of an
    animation the first frame counts that shows anything; of a texture of several pictures the first, and of a cube map
    all six.

    Raises:
        ImageRejectedError: no image, of a format that is not allowed, above a limit, or broken.
        MemoryError: there is too little.

    """
    return _read(data, limits, shrink=False)


def read_layer(data: bytes, number: int, limits: ImageLimits) -> Picture:
    """Decode one of the pictures that :func:`count_layers` counts; raises as :func:`read` does."""
    return _read(data, limits, shrink=False, layer=number)


def count_layers(head: bytes, size_bytes: int) -> int:
    """Return how many pictures a file of this beginning, of ``SIGNATURE_BYTES`` at least, and size claims to hold.

    They are the sides of a cube, the layers of an array, the slices of a volume. 1 for all other files.
    """
    try:
        layers = _layers(head, FORMATS, size_bytes)
    except ImageRejectedError:
        return 1
    return layers.count if layers else 1


def _read(data: bytes, limits: ImageLimits, *, shrink: bool, layer: int | None = None) -> Picture:
    if len(data) > limits.max_bytes:
        raise ImageRejectedError(
            Rejection.TOO_MANY_BYTES, f"has {len(data)} bytes, at most {limits.max_bytes} are decoded"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = _layers(data, limits.formats, len(data))
            if layers:
                return layers.in_one(limits) if layer is None else layers.picture(layer, limits)
            return _our_own(data, limits) or _others(data, limits, shrink=shrink)
    except (ImageRejectedError, MemoryError):
        raise
    except Exception as error:
        raise undecodable(f"{_kind_in_words(data)}: save it as PNG ({_brief(error)})") from error


def _layers(data: bytes, formats: Collection[str], size_bytes: int) -> Layers | None:
    name = image_format(data[:SIGNATURE_BYTES])
    return _LAYERED[name](data, size_bytes) if name and name in _LAYERED and name in formats else None


def _our_own(data: bytes, limits: ImageLimits) -> Picture | None:
    name = image_format(data[:SIGNATURE_BYTES])
    if name and name in _SINGLE and name in limits.formats:
        return _SINGLE[name](data, limits)
    header = tga.tga_header(data) if "TGA" in limits.formats else None
    return tga.read_tga(data, header, limits) if header else None


def _others(data: bytes, limits: ImageLimits, *, shrink: bool) -> Picture:
    if "TIFF" in limits.formats and (deep := deep_tiff(data, limits)):
        return deep
    if "BMP" in limits.formats and (masked := bmp.bmp_by_masks(data, limits)):
        return masked
    if "PNG" in limits.formats and (apples := apples_png(data, limits)):
        return apples
    with _open(data, limits) as image:
        limits.check_size(*image.size)
        mode = image.mode
        if lost_palette(image, data):
            raise undecodable("is cut short: the PCX file ends before its palette")
        if getattr(image, "is_animated", False):
            return Picture(first_visible_frame(image), mode)
        if image.format == "BMP":
            return Picture(bmp.with_fourth_byte(data, with_pillow(image)), mode)
        fast = read_fast(data, image, shrink=shrink) if is_upright(image, data) else None
        return fast or Picture(with_pillow(image), mode)


def _kind_in_words(data: bytes) -> str:
    unusual = unusual_jpeg(data) if data.startswith(_JPEG) else None
    if unusual:
        return f"is {unusual}, which is not read"
    known = image_format(data[:SIGNATURE_BYTES])
    return f"is damaged, or a kind of {known} file that is not read" if known else "is damaged, or not read"


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _open(data: bytes, limits: ImageLimits) -> Image.Image:
    """Read the header alone."""
    try:
        return Image.open(io.BytesIO(data), formats=[name for name in limits.formats if name not in _OUR_OWN])
    except UnidentifiedImageError:
        pass
    try:
        with Image.open(io.BytesIO(data)) as other:
            name = other.format
    except Exception as error:
        if image_format(data[:SIGNATURE_BYTES]):
            raise undecodable(f"{_kind_in_words(data)}: save it as PNG") from error
        raise ImageRejectedError(
            Rejection.NOT_AN_IMAGE,
            f"is no image of a kind that is read: it begins with {data[:8].hex(' ') or 'nothing'}",
        ) from error
    raise ImageRejectedError(
        Rejection.FORMAT_NOT_ALLOWED, f"is of the format {name}, and only {', '.join(limits.formats)} are decoded"
    )
