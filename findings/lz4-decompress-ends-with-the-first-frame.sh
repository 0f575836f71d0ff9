#!/usr/bin/env bash
# Guess: lz4.frame.decompress unpacks all that a file holds, as gzip.decompress does: the format lets frames follow one
# another (what `cat a.lz4 b.lz4` makes), and frames to be skipped stand between them.
# Finding: it returns the first frame and drops the rest in silence; if the first frame is one to be skipped, it returns
# nothing at all. lz4.frame.open, of the same package, reads all of both files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check lz4==4.4.5
venv/bin/python - <<'PY'
import gzip
import io
import struct

import lz4
import lz4.frame

FIRST, SECOND = b"first ", b"second"
SKIPPED = struct.pack("<II", 0x184D2A50, 4) + b"note"


def unpacked(name, data):
    at_once, as_file = lz4.frame.decompress(data), lz4.frame.open(io.BytesIO(data)).read()
    print(f"{name}: decompress {at_once}, open {as_file}")
    return at_once, as_file


print("lz4", lz4.__version__)
packed = lz4.frame.compress(FIRST)
assert gzip.decompress(gzip.compress(FIRST) + gzip.compress(SECOND)) == FIRST + SECOND
assert unpacked("one frame", packed) == (FIRST, FIRST)
assert unpacked("two frames", packed + lz4.frame.compress(SECOND)) == (FIRST, FIRST + SECOND)
assert unpacked("one to be skipped, one frame", SKIPPED + packed) == (b"", FIRST)
PY
