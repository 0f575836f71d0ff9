#!/usr/bin/env bash
# Guess: imagecodecs decodes a compressed DDS whose sides are no multiples of four, as the small mipmaps of every texture are,
# and cuts its last blocks off at the edge as other decoders do; or it refuses it, as its bcn_decode does.
# Finding: dds_decode writes each block as wide as ever, so that what stands over the right edge lies at the beginning of the
# next row; and where fewer than four rows are left, it leaves the array as it was, which holds anything unless it was given.
# The shape is right, and nothing is raised.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check imagecodecs==2026.3.6 pillow==13.0.0 numpy==2.4.6
venv/bin/python - <<'PY'
import io
import struct
from importlib.metadata import version

import imagecodecs
import numpy
from PIL import Image

COLOURS = {"r": 0xF800, "g": 0x07E0, "b": 0x001F, "w": 0xFFFF}
NAMES = {(255, 0, 0): "r", (0, 255, 0): "g", (0, 0, 255): "b", (255, 255, 255): "w", (7, 7, 7): "."}


def dds(side):
    """A square of four blocks: red and green over blue and white."""
    head = b"DDS " + struct.pack("<7I", 124, 0x1007, side, side, 0, 0, 1) + bytes(44)
    head += struct.pack("<2I4s5I", 32, 4, b"DXT1", 0, 0, 0, 0, 0) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    return head + b"".join(struct.pack("<HHI", colour, 0, 0) for colour in COLOURS.values())


def shown(pixels):
    return ["".join(NAMES.get(tuple(pixel[:3].tolist()), "?") for pixel in row) for row in pixels]


def by_both(side):
    # Dots are what was there before.
    ours = numpy.full((side, side, 4), 7, numpy.uint8)
    imagecodecs.dds_decode(dds(side), out=ours)
    with Image.open(io.BytesIO(dds(side))) as picture:
        theirs = numpy.asarray(picture)
    rows = shown(ours), shown(theirs)
    print(f"{side} x {side}: imagecodecs {' '.join(rows[0])}\n       Pillow      {' '.join(rows[1])}")
    return rows


print("imagecodecs", version("imagecodecs"), "Pillow", version("pillow"))
right = by_both(8)
assert right[0] == right[1]
sheared, cut = by_both(6)
assert cut == ["rrrrgg"] * 4 + ["bbbbww"] * 2
assert sheared != cut, "the finding no longer holds"
assert "." in "".join(sheared)
PY
