#!/usr/bin/env bash
# Guess: in a TGA of 16 bits a pixel whose descriptor counts one bit of alpha, a pixel with that bit set is opaque, as the same
# 16 bits are in a DDS, and as alpha is in a TGA of 32 bits.
# Finding: Pillow turns the bit over in TGA, in pixels as in palettes: set is clear, and unset is opaque. The extension area
# that calls the alpha useful (attributes type 3) changes nothing. A cut-out texture becomes its negative.
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

# Red with the highest bit, and red without it.
PIXELS = struct.pack("<HH", 0xFC00, 0x7C00)
RAW, PALETTE = 2, 1
ONE_ALPHA_BIT, TOP_DOWN, USEFUL_ALPHA = 1, 0x20, 3


def tga(kind, depth, alpha_bits, pixels, palette=b""):
    """One row of two pixels, with an extension area that says what the alpha is."""
    entries = len(palette) // 2
    head = struct.pack(
        "<3B2HB4H2B", 0, bool(palette), kind, 0, entries, 16 if palette else 0, 0, 0, 2, 1, depth, TOP_DOWN | alpha_bits
    )
    body = head + palette + pixels
    extension = struct.pack("<H", 495).ljust(494, b"\0") + bytes([USEFUL_ALPHA])
    return body + extension + struct.pack("<II", len(body), 0) + b"TRUEVISION-XFILE.\0"


def dds():
    head = b"DDS " + struct.pack("<7I", 124, 0x1007, 1, 2, 0, 0, 1) + bytes(44)
    head += struct.pack("<8I", 32, 0x41, 0, 16, 0x7C00, 0x03E0, 0x001F, 0x8000) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    return head + PIXELS


FILES = {
    "DDS of 16 bits": dds(),
    "TGA of 32 bits": tga(RAW, 32, 8, bytes([0, 0, 255, 255, 0, 0, 255, 0])),
    "TGA of 16 bits": tga(RAW, 16, ONE_ALPHA_BIT, PIXELS),
    "TGA with a palette of 16 bits": tga(PALETTE, 8, ONE_ALPHA_BIT, bytes([0, 1]), PIXELS),
}
print("Pillow", PIL.__version__)
seen = {}
for name, data in FILES.items():
    with Image.open(io.BytesIO(data)) as picture:
        alpha = picture.convert("RGBA").getchannel("A")
    seen[name] = [alpha.getpixel((x, 0)) for x in (0, 1)]
    print(f"{name}: alpha {seen[name][0]} with the bit set, {seen[name][1]} without")
assert list(seen.values()) == [[255, 0], [255, 0], [0, 255], [0, 255]]
PY
