#!/usr/bin/env bash
# Guess: a TIFF with premultiplied alpha (ExtraSamples 1) opens as RGBA where it is RGB, and as LA where it is grey; whatever
# opens can be converted to RGBA.
# Finding: RGB is divided by its alpha and opens as RGBA. Grey opens in mode La, which Pillow converts to LA and to nothing
# else: RGBA, RGB and L raise, and so does saving it, as PNG or as the TIFF that it was.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
venv/bin/python - <<'PY'
import io
from importlib.metadata import version

import numpy
import tifffile
from PIL import Image

print("Pillow", version("pillow"), "tifffile", version("tifffile"))


def opened(photometric, *premultiplied):
    file = io.BytesIO()
    pixels = numpy.full((4, 4, len(premultiplied)), premultiplied, numpy.uint8)
    tifffile.imwrite(file, pixels, photometric=photometric, planarconfig="contig", extrasamples=["assocalpha"])
    return Image.open(file)


def outcome(name, work):
    try:
        found = work()
    except (OSError, ValueError) as error:
        found = str(error)
    print(f"{name}: {found}")
    return found


colour, grey = opened("rgb", 50, 50, 50, 100), opened("minisblack", 50, 100)
print(f"RGB with alpha opens as {colour.mode} {colour.getpixel((0, 0))}, grey with alpha as {grey.mode} {grey.getpixel((0, 0))}")
seen = [outcome(f"grey to {mode}", lambda mode=mode: grey.convert(mode).getpixel((0, 0))) for mode in ("LA", "RGBA", "RGB", "L")]
seen += [outcome(f"grey to a {kind}", lambda kind=kind: grey.save(io.BytesIO(), kind)) for kind in ("PNG", "TIFF")]
assert (colour.mode, colour.getpixel((0, 0))) == ("RGBA", (127, 127, 127, 100))
assert (grey.mode, seen[0]) == ("La", (127, 100))
assert seen[1:4] == ["conversion from La to L not supported"] * 3
assert seen[4:] == ["cannot write mode La as PNG", "cannot write mode La as TIFF"]
PY
