#!/usr/bin/env bash
# Guess: a VTF that srctools saves, srctools opens with the same colours, in every format that it can save.
# Finding: in both formats of 16 bits without alpha, RGB565 and BGR565, red comes back blue; in those of 24 and 32 bits, and
# in BGRA4444 and BGRA5551, it stays red.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check srctools==2.7.0
venv/bin/python - <<'PY'
import io
from importlib.metadata import version

from srctools.vtf import VTF, ImageFormats

RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)
SAVED = ("RGB565", "BGR565", "RGB888", "BGR888", "BGRA4444", "BGRA5551")


def again(name):
    made = VTF(4, 4, fmt=ImageFormats[name])
    for x in range(4):
        for y in range(4):
            made.get()[x, y] = RED
    file = io.BytesIO()
    made.save(file)
    file.seek(0)
    opened = VTF.read(file)
    opened.load()
    return tuple(opened.get()[0, 0])


seen = {name: again(name) for name in SAVED}
print(f"srctools {version('srctools')}; red, saved and opened again:")
for name, colour in seen.items():
    print(f"{name}: {colour}")
assert [name for name, colour in seen.items() if colour == BLUE] == ["RGB565", "BGR565"], "the finding no longer holds"
assert all(colour == RED for name, colour in seen.items() if not name.endswith("565")), "other formats differ now"
PY
