#!/usr/bin/env bash
# Guess: decoders of BC3 (DXT5) agree to the last bit or two; the format has been the same for 25 years.
# Finding: in BC1 the order of a block's two end colours chooses between four colours and three; in BC3 there are always
# four. texture2ddecoder heeds the order in BC3 too: of a block whose first colour is the smaller one it makes black and
# mid grey where the format, and Pillow, have two thirds and one third. Encoders commonly order the colours otherwise,
# so that test pictures do not show it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check texture2ddecoder==1.0.6 pillow==13.0.0
venv/bin/python - <<'PY'
import io
import struct
from importlib.metadata import version

import texture2ddecoder
from PIL import Image

BLACK, WHITE = 0x0000, 0xFFFF
OPAQUE = bytes([255, 255, 0, 0, 0, 0, 0, 0])


def block(index):
    """A BC3 block from black to white, all its pixels with this index."""
    return OPAQUE + struct.pack("<HHI", BLACK, WHITE, int(f"{index:02b}" * 16, 2))


def pillow(data):
    header = b"DDS " + struct.pack("<7I", 124, 0x1007, 4, 4, 0, 0, 1) + bytes(44)
    header += struct.pack("<2I4s5I", 32, 4, b"DXT5", 0, 0, 0, 0, 0) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    with Image.open(io.BytesIO(header + data)) as image:
        return image.getpixel((0, 0))


ours = [pillow(block(index)) for index in (2, 3)]
# Blue comes first.
theirs = [tuple(texture2ddecoder.decode_bc3(block(index), 4, 4)[:4]) for index in (2, 3)]
print("Pillow", version("pillow"), "texture2ddecoder", version("texture2ddecoder"))
print(f"indices 2 and 3 between black and white: Pillow {ours}, texture2ddecoder {theirs}")
assert ours == [(85, 85, 85, 255), (170, 170, 170, 255)]
assert theirs == [(127, 127, 127, 255), (0, 0, 0, 255)]
PY
