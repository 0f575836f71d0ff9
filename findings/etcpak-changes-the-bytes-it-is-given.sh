#!/usr/bin/env bash
# Guess: a compressor leaves its input as it is, the more so as a bytes object cannot be changed; the same call twice with the
# same bytes gives the same blocks.
# Finding: etcpak's compressors to ETC and EAC swap red and blue within the bytes object that they are handed, and leave it so.
# The second call compresses other colours than the first; other variables with the same bytes change too. Those to BC do
# not touch it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check etcpak==0.9.15
venv/bin/python - <<'PY'
import etcpak

SIZE = 4
RED, BLUE = (200, 100, 50, 255), (50, 100, 200, 255)
NAMES = ("bc1", "bc3", "bc4", "bc5", "etc1_rgb", "etc2_rgb", "etc2_rgba", "eac_r", "eac_rg")


def tried(name):
    """The first pixel of the input after each of two calls, and whether both gave the same blocks."""
    picture = bytes(RED) * SIZE * SIZE
    compress = getattr(etcpak, f"compress_{name}")
    blocks, after = [], []
    for _ in range(2):
        blocks.append(compress(picture, SIZE, SIZE))
        after.append(tuple(picture[:4]))
    print(f"{name}: the picture of {RED} holds {after[0]}, then {after[1]}; same blocks: {blocks[0] == blocks[1]}")
    return after, blocks[0] == blocks[1]


print("etcpak", etcpak.__version__)
seen = {name: tried(name) for name in NAMES}
assert all(found == ([RED, RED], True) for name, found in seen.items() if name.startswith("bc"))
assert all(found == ([BLUE, RED], False) for name, found in seen.items() if name.startswith("e"))
PY
