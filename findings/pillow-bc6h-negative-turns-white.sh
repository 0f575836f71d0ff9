#!/usr/bin/env bash
# Guess: signed BC6H, shown in 8 bits, has black wherever the light is below zero.
# Finding: in Pillow that depends on how the block stores its second end point. In full (mode 11 of the format's pages,
# bits 00011) it is black; as a difference to the first (mode 12, bits 00111) the very same value is white: the
# darkest spots of an HDR texture come out as its brightest. imagecodecs reads the two alike, below zero.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6
venv/bin/python - <<'PY'
import io
import struct
from importlib.metadata import version

import imagecodecs
from PIL import Image

SIGNED_BC6H = 96
# The first pixel's index has a bit less; every other one takes the second end point as it is.
INDICES = sum(15 << bit for bit in range(68, 128, 4))


def in_full(value):
    """Both end points in ten bits for each channel."""
    ends = sum((value & 0x3FF) << bit for bit in range(5, 65, 10))
    return (0b00011 | ends | INDICES).to_bytes(16, "little")


def by_difference(value):
    """The first end point in eleven bits for each channel, its top bit apart; the difference is 0."""
    first = sum((value & 0x3FF) << bit for bit in (5, 15, 25)) | sum((value >> 10 & 1) << bit for bit in (44, 54, 64))
    return (0b00111 | first | INDICES).to_bytes(16, "little")


def read(block):
    data = b"DDS " + struct.pack("<7I", 124, 0x1007, 4, 4, 0, 0, 1) + bytes(44)
    data += struct.pack("<2I4s5I", 32, 4, b"DX10", 0, 0, 0, 0, 0) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    data += struct.pack("<5I", SIGNED_BC6H, 3, 0, 1, 0) + block
    with Image.open(io.BytesIO(data)) as image:
        return image.getpixel((1, 0)), round(float(imagecodecs.dds_decode(data)[0, 1, 0]), 2)


print("Pillow", version("pillow"), "imagecodecs", version("imagecodecs"))
seen = {
    (name, sign): read(block(sign * value))
    for name, block, value in (("in full", in_full, 200), ("by difference", by_difference, 400))
    for sign in (-1, 1)
}
for (name, _), (pixel, value) in seen.items():
    print(f"{value:+.2f}, {name}: Pillow {pixel}")
assert seen["in full", -1] == ((0, 0, 0), -0.14)
assert seen["by difference", -1] == ((255, 255, 255), -0.14)
for name in ("in full", "by difference"):
    (red, _, _), value = seen[name, 1]
    assert red in {35, 36} and value == 0.14
PY
