#!/usr/bin/env bash
# Guess: imagecodecs treats files of several parts, one behind the other, alike: an xz of two streams, a gzip of two members, a
# bzip2 or zstd of two come out whole, as of Python's own modules, or all as their first part.
# Finding: bzip2 and zstd come out whole, and gzip as its first member; of xz there are as many bytes as its last stream has,
# counted from the beginning of the first, so that the result ends anywhere. Nothing is raised.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check imagecodecs==2026.3.6 numpy==2.4.6
venv/bin/python - <<'PY'
import bz2
import gzip
import lzma
from importlib.metadata import version

import imagecodecs

FIRST, SECOND = b"one texture, ", b"and another texture"
WHOLE = FIRST + SECOND


def in_two_parts(compress):
    return compress(FIRST) + compress(SECOND)


members = in_two_parts(gzip.compress)
streams = in_two_parts(lzma.compress)
blocks = in_two_parts(bz2.compress)
seen = {
    "gzip.decompress": gzip.decompress(members),
    "lzma.decompress": lzma.decompress(streams),
    "imagecodecs.bz2_decode": imagecodecs.bz2_decode(blocks),
    "imagecodecs.zstd_decode": imagecodecs.zstd_decode(in_two_parts(imagecodecs.zstd_encode)),
    "imagecodecs.gzip_decode": imagecodecs.gzip_decode(members),
    "imagecodecs.lzma_decode": imagecodecs.lzma_decode(streams),
}
print("imagecodecs", version("imagecodecs"))
for name, plain in seen.items():
    print(f"{name}: {plain.decode()!r}")
assert list(seen.values()) == [WHOLE] * 4 + [FIRST, WHOLE[: len(SECOND)]], "the finding no longer holds"
PY
