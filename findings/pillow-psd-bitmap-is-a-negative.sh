#!/usr/bin/env bash
# Guess: a black and white PSD (colour mode Bitmap) opens in Pillow with black where Photoshop has black.
# Finding: in a PSD a bit that is set is black; Pillow takes it for white, so that the picture is its own negative. psd-tools
# has it right. In colour modes of 8 bits the same two pixels are right in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 psd-tools==1.26.0
venv/bin/python - <<'PY'
import io
import struct
from importlib.metadata import version

from PIL import Image
from psd_tools import PSDImage

BITMAP, GREY = 0, 1
WIDTH = 8


def psd(colour_mode, depth, row):
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, 1, WIDTH, depth, colour_mode)
    no_sections, uncompressed = bytes(12), struct.pack(">H", 0)
    return header + no_sections + uncompressed + row


def left_and_right(data):
    """The outermost pixels in Pillow, and in psd-tools."""
    read = Image.open(io.BytesIO(data)), PSDImage.open(io.BytesIO(data)).topil()
    return [tuple(image.convert("L").getpixel((x, 0)) for x in (0, WIDTH - 1)) for image in read]


bitmap = left_and_right(psd(BITMAP, 1, bytes([0b11110000])))
grey = left_and_right(psd(GREY, 8, bytes([0] * 4 + [255] * 4)))
print("Pillow", version("pillow"), "psd-tools", version("psd-tools"))
for name, (pillow, psd_tools) in {"Bitmap": bitmap, "Greyscale": grey}.items():
    print(f"{name}, black at the left, white at the right: Pillow {pillow}, psd-tools {psd_tools}")
assert bitmap == [(255, 0), (0, 255)]
assert grey == [(0, 255), (0, 255)]
PY
