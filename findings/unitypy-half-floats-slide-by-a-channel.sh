#!/usr/bin/env bash
# Guess: of the formats without compression that UnityPy has a converter for, each gives the colours that are in the texture,
# with values above 1 clamped: bytes, 16 bits, signed ones, and the floats of HDR textures.
# Finding: bytes are right. RGBAHalf is read with three values a pixel, because "raw", its decoder's name, has three
# letters: each pixel begins with the alpha of the one before, and white raises. RGB48 is read as if it were RGB565.
# 17 others tried here, from R16 and RHalf to RGBAFloat and all signed ones, raise on every texture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check unitypy==1.25.4 pillow==13.0.0
venv/bin/python - <<'PY'
import struct
from importlib.metadata import version

from UnityPy.enums import TextureFormat
from UnityPy.export.Texture2DConverter import parse_image_data

UNITY, WINDOWS = (2021, 3, 0, 0), 19
RED, GREEN, BLUE, ALPHA = 0.75, 0.5, 0.25, 0.125
CHANNELS = {"R": (RED,), "RG": (RED, GREEN), "RGB": (RED, GREEN, BLUE), "RGBA": (RED, GREEN, BLUE, ALPHA)}
# Of each sample: how it is packed, and what 1 is.
KINDS = {"half": ("e", 1), "float": ("f", 1), "8": ("B", 255), "16": ("H", 65535), "-8": ("b", 127), "-16": ("h", 32767)}
FORMATS = {
    "RGB24": ("RGB", "8"), "RGBA32": ("RGBA", "8"),
    "R16": ("R", "16"), "RG32": ("RG", "16"), "RGB48": ("RGB", "16"), "RGBA64": ("RGBA", "16"),
    "RHalf": ("R", "half"), "RGHalf": ("RG", "half"), "RGBAHalf": ("RGBA", "half"),
    "RFloat": ("R", "float"), "RGFloat": ("RG", "float"), "RGBAFloat": ("RGBA", "float"),
    "R8_SIGNED": ("R", "-8"), "RG16_SIGNED": ("RG", "-8"), "RGB24_SIGNED": ("RGB", "-8"), "RGBA32_SIGNED": ("RGBA", "-8"),
    "R16_SIGNED": ("R", "-16"), "RG32_SIGNED": ("RG", "-16"), "RGB48_SIGNED": ("RGB", "-16"),
    "RGBA64_SIGNED": ("RGBA", "-16"),
}


def texture(channels, kind, scale=1.0):
    """Two pixels of the same colour."""
    code, one = KINDS[kind]
    samples = [value * one * scale for value in CHANNELS[channels]] * 2
    return struct.pack(f"<{len(samples)}{code}", *(samples if one == 1 else map(round, samples)))


def read(name, data):
    try:
        image = parse_image_data(data, 2, 1, TextureFormat[name], UNITY, WINDOWS)
        return [image.getpixel((x, 0)) for x in range(2)]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


seen = {name: read(name, texture(*layout)) for name, layout in FORMATS.items()}
seen["RGB9e5Float"] = read("RGB9e5Float", struct.pack("<I", 15 << 27 | 128 << 18 | 256 << 9 | 384) * 2)
white = read("RGBAHalf", struct.pack("<8e", *[1] * 8))
print("UnityPy", version("unitypy"), "with Pillow", version("pillow"))
print(f"two pixels of red {RED}, green {GREEN}, blue {BLUE}, alpha {ALPHA}:")
for name, found in seen.items():
    print(f"{name}: {found}")
print("RGBAHalf, white:", white)
assert [name for name, found in seen.items() if isinstance(found, list)] == ["RGB24", "RGBA32", "RGB48", "RGBAHalf"]
assert seen["RGB24"] == [(191, 128, 64)] * 2
assert seen["RGBAHalf"] == [(192, 128, 64), (32, 192, 128)]
assert isinstance(white, str) and "range" in white
PY
