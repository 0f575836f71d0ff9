#!/usr/bin/env bash
# Guess: a grey PNG whose tRNS chunk names one sample as transparent gives that alpha in convert("RGBA"), at each depth.
# Finding: at 1 and 8 bits it does. At 2 and 4 bits the samples are scaled to 8 bits on opening and the transparent one
# is not, so that another grey, or none, becomes transparent. At 16 bits no pixel becomes transparent, and all greys
# above 255 become white.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0
venv/bin/python - <<'PY'
import io
import struct
import zlib

import PIL
from PIL import Image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def grey_png(depth, samples, transparent):
    """One row of grey samples, of which one value is transparent."""
    bits = "".join(f"{sample:0{depth}b}" for sample in samples)
    bits += "0" * (-len(bits) % 8)
    row = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", struct.pack(">IIBBBBB", len(samples), 1, depth, 0, 0, 0, 0)),
            chunk(b"tRNS", struct.pack(">H", transparent)),
            chunk(b"IDAT", zlib.compress(b"\0" + row)),
            chunk(b"IEND", b""),
        )
    )


def opened(depth, samples, transparent):
    picture = Image.open(io.BytesIO(grey_png(depth, samples, transparent))).convert("RGBA")
    greys, alphas = picture.getchannel("R").tobytes(), picture.getchannel("A").tobytes()
    print(f"{depth:2} bits, samples {samples}, {transparent} is transparent: grey {list(greys)}, alpha {list(alphas)}")
    return list(greys), list(alphas)


print("Pillow", PIL.__version__)
assert opened(1, [0, 1], 1) == ([0, 255], [255, 0])
assert opened(8, [0, 10, 255], 10) == ([0, 10, 255], [255, 0, 255])
assert opened(2, [0, 1, 2, 3], 2) == ([0, 85, 170, 255], [255, 255, 255, 255])
assert opened(4, [0, 10, 15], 10) == ([0, 170, 255], [255, 255, 255])
assert opened(4, [0, 10, 15], 0) == ([0, 170, 255], [0, 255, 255])
assert opened(16, [0, 1000, 65535], 1000) == ([0, 255, 255], [255, 255, 255])
PY
