#!/usr/bin/env bash
# Guess: Pillow opens the same block of DXT1, DXT3 or DXT5 with the same colours, whether it comes from a DDS or from a BLP, the
# textures of World of Warcraft.
# Finding: from a DDS white is 255, 255, 255; from a BLP it is 248, 252, 248, greener and darker: the end colours of 5 and 6
# bits are only moved up, and the low bits stay empty. No pixel of a BLP with DXT is ever white.
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

SIZE = 4
WHITE = struct.pack("<HHI", 0xFFFF, 0, 0)
# By name: what BLP calls the alpha, its bits, and the block of 4 x 4 opaque white pixels.
KINDS = {
    b"DXT1": (0, 0, WHITE),
    b"DXT3": (1, 8, b"\xff" * 8 + WHITE),
    b"DXT5": (7, 8, struct.pack("<2B6x", 255, 255) + WHITE),
}


def blp(alpha_kind, alpha_bits, block):
    head = struct.pack("<4sI4B2I", b"BLP2", 1, 2, alpha_bits, alpha_kind, 0, SIZE, SIZE)
    no_palette = bytes(1024)
    begin = len(head) + 128 + len(no_palette)
    return head + struct.pack("<32I", begin, *[0] * 15, len(block), *[0] * 15) + no_palette + block


def dds(name, block):
    head = b"DDS " + struct.pack("<7I", 124, 0x1007, SIZE, SIZE, 0, 0, 1) + bytes(44)
    return head + struct.pack("<2I4s5I", 32, 4, name, *[0] * 5) + struct.pack("<5I", 0x1000, 0, 0, 0, 0) + block


def colour(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGBA").getpixel((0, 0))


print("Pillow", PIL.__version__)
seen = {}
for name, (alpha_kind, alpha_bits, block) in KINDS.items():
    seen[name] = colour(dds(name, block)), colour(blp(alpha_kind, alpha_bits, block))
    print(f"a white block of {name.decode()}: from a DDS {seen[name][0]}, from a BLP {seen[name][1]}")
assert set(seen.values()) == {((255, 255, 255, 255), (248, 252, 248, 255))}
PY
