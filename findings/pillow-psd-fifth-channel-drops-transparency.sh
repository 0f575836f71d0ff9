#!/usr/bin/env bash
# Guess: a reader of PSD files ignores the channels that it has no use for, and keeps those that it had before.
# Finding: Pillow opens a flattened PSD of red, green, blue and alpha as RGBA. With one channel more, a selection or a
# gloss mask that somebody saved, it opens as RGB: the transparency is gone, and nothing is said. A grey PSD loses its
# alpha without any fifth channel.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0
venv/bin/python - <<'PY'
import io
import struct
from importlib.metadata import version

from PIL import Image

GREY, RGB = 1, 3


def opened(colour_mode, channels):
    """Mode and first pixel of a PSD of 2 x 2 pixels, whose channels have one value each."""
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(channels), 2, 2, 8, colour_mode)
    no_sections, uncompressed = bytes(12), struct.pack(">H", 0)
    planes = b"".join(bytes([value] * 4) for value in channels)
    with Image.open(io.BytesIO(header + no_sections + uncompressed + planes)) as image:
        return image.mode, image.getpixel((0, 0))


four, five, grey = opened(RGB, (10, 20, 30, 0)), opened(RGB, (10, 20, 30, 0, 99)), opened(GREY, (10, 0))
print("Pillow", version("pillow"))
print(f"red, green, blue, alpha: {four}; and a mask: {five}; grey and alpha: {grey}")
assert four == ("RGBA", (10, 20, 30, 0))
assert five == ("RGB", (10, 20, 30))
assert grey == ("L", 10)
PY
