"""No format makes a picture of a file of which the end is missing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pylibjxl
import pytest
from PIL import Image

from consumer.imaging.decode import read
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging import texture_files as make
from tests.unit.imaging.making import channels, dds, mosaic, psd, tga
from tests.unit.imaging.test_doors import encoded

NOISE = np.random.default_rng(5).integers(0, 256, (37, 53, 4), np.uint8)
PICTURE = mosaic()
TEXELS = channels(PICTURE, "rgba", "u8")
LINEAR = PICTURE[..., :3].astype(np.float32) / 100


def by_pillow(kind: str, mode: str, **options: object) -> Callable[[], bytes]:
    return lambda: encoded(Image.fromarray(NOISE).convert(mode), kind, **options)


FILES: dict[str, Callable[[], bytes]] = {
    **{f"png {mode}": by_pillow("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")},
    **{f"jpeg {mode}": by_pillow("JPEG", mode) for mode in ("L", "RGB", "CMYK")},
    **{f"tiff {mode}": by_pillow("TIFF", mode) for mode in ("L", "RGB", "RGBA", "I;16", "F", "CMYK")},
    **{f"tiff {packing}": by_pillow("TIFF", "RGB", compression=packing) for packing in ("tiff_lzw", "jpeg")},
    **{f"pcx {mode}": by_pillow("PCX", mode) for mode in ("L", "P", "RGB")},
    **{f"sgi {mode}": by_pillow("SGI", mode) for mode in ("L", "RGB", "RGBA")},
    **{f"bmp {mode}": by_pillow("BMP", mode) for mode in ("P", "RGB", "RGBA")},
    "progressive jpeg": by_pillow("JPEG", "RGB", progressive=True),
    "webp": by_pillow("WEBP", "RGBA"),
    "lossless webp": by_pillow("WEBP", "RGBA", lossless=True),
    "gif": by_pillow("GIF", "P"),
    "avif": by_pillow("AVIF", "RGBA"),
    "tga in runs": by_pillow("TGA", "RGBA", compression="tga_rle"),
    "tga": lambda: tga(2, 32, channels(PICTURE, "bgra", "u8")),
    "psd": lambda: psd(3, 8, list(np.moveaxis(PICTURE, -1, 0)), packed=True),
    "dds": lambda: dds(TEXELS, dxgi=28),
    "ktx": lambda: make.ktx([TEXELS], channels=0x1908, number=0x1401),
    "ktx2": lambda: make.ktx2(TEXELS, 37),
    "ctex": lambda: make.ctex(TEXELS, 5),
    "exr": lambda: make.exr({name: np.ascontiguousarray(LINEAR[..., place]) for place, name in enumerate("RGB")}),
    "hdr": lambda: make.radiance(LINEAR),
    "jxl": lambda: pylibjxl.encode(NOISE, lossless=True),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_its_end_is_refused_or_whole(name: str) -> None:
    """Whole where the end holds no pixels, as the last chunk of a PNG."""
    data = FILES[name]()
    whole = read(data, ImageLimits()).pixels
    refused = 0
    for part in (0.25, 0.5, 0.75, 0.9, 0.97):
        try:
            found = read(data[: int(len(data) * part)], ImageLimits()).pixels
        except ImageRejectedError:
            refused += 1
        else:
            np.testing.assert_array_equal(found, whole, err_msg=f"{name}, {part:.0%} of it")
    assert refused
