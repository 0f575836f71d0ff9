#!/usr/bin/env bash
# Guess: an RGB TIFF of 16 bits opens as the same RGB picture, whether its samples lie together (PlanarConfiguration 1) or
# each channel in a plane of its own (2); a layout that is not read raises.
# Finding: separate planes are read a byte a pixel: each pixel becomes two, the right half is lost, and size and mode are
# as they should be; with 8 bits both layouts are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0
venv/bin/python - <<'PY'
import io
import struct

import PIL
from PIL import Image

SHORT, LONG = 3, 4
TOGETHER, SEPARATE = 1, 2
RED, GREEN, BLUE = (0x1080, 0x2080, 0x3080, 0x4080), (0x5080, 0x6080, 0x7080, 0x8080), (0x9080, 0xA080, 0xB080, 0xC080)


def rgb_tiff(depth, layout):
    """One row of four pixels, uncompressed, in front of its directory."""
    planes = [[sample >> (16 - depth) for sample in plane] for plane in (RED, GREEN, BLUE)]
    strips = planes if layout == SEPARATE else [[sample for pixel in zip(*planes) for sample in pixel]]
    code = "H" if depth == 16 else "B"
    body = bytearray(b"II*\0\0\0\0\0")

    def put(form, values):
        begin = len(body)
        body.extend(struct.pack(f"<{len(values)}{form}", *values))
        return begin

    begins = [put(code, strip) for strip in strips]
    entries = [
        (256, LONG, [4]), (257, LONG, [1]), (258, SHORT, [depth] * 3), (259, SHORT, [1]), (262, SHORT, [2]),
        (273, LONG, begins), (277, SHORT, [3]), (278, LONG, [1]), (279, LONG, [len(s) * depth // 8 for s in strips]),
        (284, SHORT, [layout]),
    ]
    directory = b""
    for tag, kind, values in entries:
        form = "H" if kind == SHORT else "I"
        packed = struct.pack(f"<{len(values)}{form}", *values)
        if len(packed) > 4:
            packed = struct.pack("<I", put(form, values))
        directory += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    struct.pack_into("<I", body, 4, len(body))
    return bytes(body) + struct.pack("<H", len(entries)) + directory + struct.pack("<I", 0)


def opened(depth, layout):
    picture = Image.open(io.BytesIO(rgb_tiff(depth, layout)))
    found = [picture.getpixel((x, 0)) for x in range(picture.width)]
    shown = " ".join("".join(f"{level:02x}" for level in pixel) for pixel in found)
    name = "separate planes" if layout == SEPARATE else "samples together"
    print(f"{depth:2} bits, {name}: {picture.mode} {picture.size}, pixels {shown}")
    return found


print("Pillow", PIL.__version__)
right = [(0x10, 0x50, 0x90), (0x20, 0x60, 0xA0), (0x30, 0x70, 0xB0), (0x40, 0x80, 0xC0)]
assert opened(8, TOGETHER) == right
assert opened(8, SEPARATE) == right
assert opened(16, TOGETHER) == right
low, high = (0x80, 0x80, 0x80), right
assert opened(16, SEPARATE) == [low, high[0], low, high[1]]
PY
