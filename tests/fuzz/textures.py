"""Texture files to begin with, one of each format that is read beside the common ones."""

from __future__ import annotations

import zlib

import numpy as np
import pylibjxl
from backports import zstd
from PIL import Image
from srctools.vtf import ImageFormats

from tests.unit.imaging import test_blp as blp
from tests.unit.imaging import texture_files as make
from tests.unit.imaging.making import bc3, channels, dds, in_tiles, mosaic
from tests.unit.imaging.test_bmp import bmp
from tests.unit.imaging.test_documents import document, qoi
from tests.unit.imaging.test_doors import encoded
from tests.unit.imaging.test_hdr import thinned_out
from tests.unit.imaging.test_png import apples
from tests.unit.imaging.test_tiff import apart, tiff


def seeds() -> list[bytes]:
    picture = mosaic()
    texels = channels(picture, "rgba", "u8")
    linear = picture[..., :3].astype(np.float32) / 100
    return [
        dds(texels * 6, dxgi=28, misc=4),
        make.ktx([texels], channels=0x1908, number=0x1401, upside_down=True),
        make.ktx([bytes(64)], internal=0x83F0),
        make.ktx2(texels, 37, values=[("KTXorientation", "ru"), ("KTXswizzle", "rrr1")]),
        make.ktx2(texels, 37, pack=zstd.compress, packing=2),
        make.ktx2(texels, 37, pack=zlib.compress, packing=3),
        *(make.basis_ktx2(kind) for kind in make.BASIS),
        make.vtf([picture], ImageFormats.DXT5, (7, 2)),
        make.vtf([picture] * 6, ImageFormats.BGRA8888, (7, 5), cube=True),
        make.ctex(texels, 5),
        make.stex(texels, 5),
        make.exr({name: np.ascontiguousarray(linear[..., place]) for place, name in enumerate("RGB")}),
        make.radiance(linear),
        make.radiance(linear, runs=False, order="+X {height} -Y {width}"),
        pylibjxl.encode(picture, lossless=True),
        blp.newer(1, 8, 8, bytes(256), blp.PALETTE),
        blp.newer(2, 8, 7, in_tiles(picture, bc3)),
        blp.older(1, 4, bytes(192), blp.PALETTE),
        apples(picture, 3),
        tiff((linear[..., :2] * 65535).astype(np.uint16)),
        tiff(linear[..., :1], 3),
        apart((linear * 65535).astype("<u2")),
        qoi(picture),
        b"P6 16 8 65535\n" + bytes(768),
        document("image/openraster", {"mergedimage.png": encoded(Image.fromarray(picture), "PNG")}),
        bmp(bytes(512), 32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
        thinned_out(linear[..., 0], linear[::2, ::2, 1], linear[::2, ::2, 2]),
        dds(bytes(2 * 128), flags=0x4_0000, depth=16, masks=(0x1F, 0x3E0, 0xFC00, 0)),
    ]
