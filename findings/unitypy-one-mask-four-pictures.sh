#!/usr/bin/env bash
# Guess: a one-channel texture comes out of a Unity file as grey, whichever of the one-channel formats it has.
# Finding: the same white mask comes out of UnityPy as grey from BC4, as red from R8 (RGB) and from EAC_R (RGBA), and as
# black with the mask in alpha from Alpha8. The format for the GPU decides what colour a mask has.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    unitypy==1.25.4 etcpak==0.9.15 texture2ddecoder==1.0.6 pillow==13.0.0
venv/bin/python - <<'PY'
from importlib.metadata import version

from UnityPy.enums import TextureFormat
from UnityPy.export.Texture2DConverter import parse_image_data

UNITY, WINDOWS = (2021, 3, 0, 0), 19
# White, 4 x 4 pixels.
MASKS = {
    "BC4": bytes([255, 255, 0, 0, 0, 0, 0, 0]),
    "R8": bytes([255] * 16),
    "EAC_R": bytes([255, 0, 0, 0, 0, 0, 0, 0]),
    "Alpha8": bytes([255] * 16),
}
seen = {}
for name, data in MASKS.items():
    image = parse_image_data(data, 4, 4, TextureFormat[name], UNITY, WINDOWS)
    seen[name] = (image.mode, image.getpixel((0, 0)))
print("UnityPy", version("UnityPy"))
for name, (mode, pixel) in seen.items():
    print(f"{name}: {mode} {pixel}")
assert seen == {
    "BC4": ("L", 255),
    "R8": ("RGB", (255, 0, 0)),
    "EAC_R": ("RGBA", (255, 0, 0, 255)),
    "Alpha8": ("RGBA", (0, 0, 0, 255)),
}
PY
