#!/usr/bin/env bash
# Guess: a JPEG 2000 of more than 8 bits a channel opens as RGB with the upper 8 bits of each sample, at worst one off.
# Finding: Pillow rounds to 8 bits without holding the sum to 255: what lies within half a step of the brightest becomes 0.
# White is black, opaque is clear, and brightest red is no red; of 12 bits as of 16, with 2, 3 and 4 channels. With one
# channel, which opens as 16 bits, white is white.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6 numpy==2.4.6
venv/bin/python - <<'PY'
import io
from importlib.metadata import version

import imagecodecs
import numpy
from PIL import Image

print("Pillow", version("pillow"), "imagecodecs", version("imagecodecs"))


def opened(bits, samples):
    """The mode and a pixel of a lossless file in which every pixel has these samples."""
    stored = numpy.full((8, 8, len(samples)), samples, numpy.uint8 if bits == 8 else numpy.uint16)
    data = imagecodecs.jpeg2k_encode(stored, bitspersample=bits, level=0, reversible=True)
    assert (imagecodecs.jpeg2k_decode(data).reshape(stored.shape) == stored).all()
    with Image.open(io.BytesIO(data)) as picture:
        found = picture.mode, picture.getpixel((0, 0))
    print(f"{bits} bits, every pixel {samples}: {found[0]} {found[1]}")
    return found


assert opened(8, (255, 255, 255)) == ("RGB", (255, 255, 255))
assert opened(16, (65407, 65407, 65407)) == ("RGB", (255, 255, 255))
assert opened(16, (65408, 65408, 65408)) == ("RGB", (0, 0, 0))
assert opened(16, (65535, 65535, 65535)) == ("RGB", (0, 0, 0))
assert opened(12, (4095, 0, 2048)) == ("RGB", (0, 0, 128))
assert opened(16, (32768, 32768, 32768, 65535)) == ("RGBA", (128, 128, 128, 0))
assert opened(16, (32768, 65535)) == ("LA", (128, 0))
assert opened(16, (65535,)) == ("I;16", 65535)
PY
