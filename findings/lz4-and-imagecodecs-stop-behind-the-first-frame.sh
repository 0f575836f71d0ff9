#!/usr/bin/env bash
# Guess: what was compressed in parts, one behind the other, as gzip, lz4, xz and zstd allow and their tools read it, comes out
# whole, as of gzip.decompress; where a function takes only one part, bytes behind it raise.
# Finding: lz4.frame.decompress gives the first frame and says nothing of the rest, which lz4.frame.open reads. imagecodecs
# does so with gzip and lz4, and of xz it gives as many bytes as the last part has, while it gives all parts of bzip2 and
# zstd. A file that was appended to loses all but its beginning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check lz4==4.4.5 imagecodecs==2026.3.6 numpy==2.4.6
venv/bin/python - <<'PY'
import bz2
import gzip
import io
import lzma
from importlib.metadata import version

import imagecodecs
import lz4.frame

FIRST, SECOND = b"one texture, ", b"another texture"
WHOLE = FIRST + SECOND


def in_two_parts(compress):
    return compress(FIRST) + compress(SECOND)


frames = in_two_parts(lz4.frame.compress)
members = in_two_parts(gzip.compress)
streams = in_two_parts(lzma.compress)
blocks = in_two_parts(bz2.compress)
seen = {
    "gzip.decompress": gzip.decompress(members),
    "lzma.decompress": lzma.decompress(streams),
    "lz4.frame.open": lz4.frame.open(io.BytesIO(frames)).read(),
    "imagecodecs.bz2_decode": imagecodecs.bz2_decode(blocks),
    "imagecodecs.zstd_decode": imagecodecs.zstd_decode(in_two_parts(imagecodecs.zstd_encode)),
    "lz4.frame.decompress": lz4.frame.decompress(frames),
    "imagecodecs.lz4f_decode": imagecodecs.lz4f_decode(frames),
    "imagecodecs.gzip_decode": imagecodecs.gzip_decode(members),
    "imagecodecs.lzma_decode": imagecodecs.lzma_decode(streams),
}
print("lz4", version("lz4"), "imagecodecs", version("imagecodecs"))
for name, plain in seen.items():
    print(f"{name}: {plain.decode()!r}")
assert list(seen.values()) == [WHOLE] * 5 + [FIRST] * 3 + [WHOLE[: len(SECOND)]], "the finding no longer holds"
PY
