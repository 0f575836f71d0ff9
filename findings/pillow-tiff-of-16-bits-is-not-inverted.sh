#!/usr/bin/env bash
# Guess: a grey TIFF that says WhiteIsZero (photometric interpretation 0) is inverted on opening, whatever its depth.
# Finding: with 8 bits it is, with 16 bits it is not, so that a height map of 16 bits comes out as its negative; the
# picture's mode, I;16, is the same for both, and only the tag tells.
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

WHITE_IS_ZERO, BLACK_IS_ZERO = 0, 1
LONG = 4


def grey_tiff(depth, samples, photometric):
    """One row of grey samples, uncompressed, behind its directory."""
    data = struct.pack(f"<{len(samples)}{'H' if depth == 16 else 'B'}", *samples)
    entries = [
        (256, len(samples)), (257, 1), (258, depth), (259, 1), (262, photometric), (273, 0), (277, 1), (278, 1),
        (279, len(data)),
    ]
    begin = 8 + 2 + 12 * len(entries) + 4
    directory = b"".join(struct.pack("<HHII", tag, LONG, 1, begin if tag == 273 else value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + struct.pack("<I", 0) + data


def opened(depth, samples, photometric):
    picture = Image.open(io.BytesIO(grey_tiff(depth, samples, photometric)))
    found = [picture.getpixel((x, 0)) for x in range(picture.width)]
    name = "WhiteIsZero" if photometric == WHITE_IS_ZERO else "BlackIsZero"
    print(f"{depth:2} bits, {name}, samples {samples}: mode {picture.mode}, pixels {found}")
    return found


print("Pillow", PIL.__version__)
assert opened(8, [0, 100, 255], BLACK_IS_ZERO) == [0, 100, 255]
assert opened(8, [0, 100, 255], WHITE_IS_ZERO) == [255, 155, 0]
assert opened(16, [0, 1000, 65535], BLACK_IS_ZERO) == [0, 1000, 65535]
assert opened(16, [0, 1000, 65535], WHITE_IS_ZERO) == [0, 1000, 65535]
PY
