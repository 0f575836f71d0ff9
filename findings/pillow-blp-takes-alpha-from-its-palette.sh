#!/usr/bin/env bash
# Guess: a BLP with a palette, as Warcraft III and World of Warcraft have them, opens with its alpha: behind one index for
# each pixel there are 8, 4 or 1 bits of alpha for each pixel, and the fourth byte of a palette's colour is unused.
# Finding: Pillow never looks at the pixels' alpha, and takes the unused byte for it, which is zero in a game's files: the
# whole picture is clear, of either version and with any depth of alpha. Its own BLP writer fills that byte, so that what
# Pillow wrote comes back right.
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

WIDTH, HEIGHT = 8, 1
INDICES = bytes([0, 1] * 4)
# Blue, green, red, unused.
PALETTE = bytes([0, 0, 255, 0, 0, 255, 0, 0]).ljust(1024, b"\0")
# Clear at both ends, opaque between them.
ALPHA = {8: bytes([0, 0, 255, 255, 255, 255, 0, 0]), 4: bytes([0x00, 0xFF, 0xFF, 0x00]), 1: bytes([0b00111100])}
STORED = [0, 0, 255, 255, 255, 255, 0, 0]


def blp(version, depth):
    if version == 1:
        head = b"BLP1" + struct.pack("<6I", 1, depth, WIDTH, HEIGHT, 4, 0)
    else:
        head = b"BLP2" + struct.pack("<I4B2I", 1, 1, depth, 8, 0, WIDTH, HEIGHT)
    body = INDICES + ALPHA[depth]
    begin = len(head) + 2 * 64 + len(PALETTE)
    return head + struct.pack("<16I", begin, *[0] * 15) + struct.pack("<16I", len(body), *[0] * 15) + PALETTE + body


print("Pillow", PIL.__version__)
print("alpha as stored:", STORED)
seen = []
for version, depth in ((1, 8), (2, 8), (2, 4), (2, 1)):
    with Image.open(io.BytesIO(blp(version, depth))) as picture:
        alpha = [picture.getpixel((x, 0))[3] for x in range(WIDTH)]
    print(f"BLP{version}, {depth} bits of alpha: {picture.mode}, alpha as opened: {alpha}")
    seen.append((picture.mode, alpha))
assert seen == [("RGBA", [0] * WIDTH)] * 4, "the finding no longer holds"
PY
