#!/usr/bin/env bash
# Guess: UnityPy's table from Unity's GraphicsFormat to TextureFormat, by which it reads texture arrays and cube maps of
# arrays, keeps the bits of a channel, and knows all that are as common as RGBAHalf.
# Finding: R8_UInt, R8_SInt and their like of two to four channels lead to formats of 16 bits a channel, twice the bytes that
# the file has, and no format of half or float is in the table at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check unitypy==1.25.4
venv/bin/python - <<'PY'
from importlib.metadata import version

from UnityPy.enums.GraphicsFormat import GRAPHICS_TO_TEXTURE_MAP, GraphicsFormat

INTEGERS = ("R8_UInt", "R8G8_UInt", "R8G8B8A8_UInt", "R8_SInt")
FLOATS = ("R16_SFloat", "R16G16B16A16_SFloat", "R32_SFloat", "R32G32B32A32_SFloat")

print(f"UnityPy {version('UnityPy')}")
seen = {name: GRAPHICS_TO_TEXTURE_MAP[GraphicsFormat[name]].name for name in INTEGERS}
for name, leads_to in seen.items():
    print(f"{name}: {leads_to}")
missing = [name for name in FLOATS if GraphicsFormat[name] not in GRAPHICS_TO_TEXTURE_MAP]
print(f"not in the table: {', '.join(missing)}")
expected = {"R8_UInt": "R16", "R8G8_UInt": "RG32", "R8G8B8A8_UInt": "RGBA64", "R8_SInt": "R16_SIGNED"}
assert seen == expected, "integers have other formats now"
assert missing == list(FLOATS), "floats are in the table now"
PY
