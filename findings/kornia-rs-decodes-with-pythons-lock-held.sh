#!/usr/bin/env bash
# Guess: a decoder written in Rust gives Python's lock away while it decodes, as Pillow and libvips do: two threads
# decode twice as fast.
# Finding: the lock is held from the first to the last byte of a PNG. No other thread does anything meanwhile, and two
# threads decode no faster than one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check kornia-rs==0.2.0 pillow==13.0.0 numpy==2.4.6
venv/bin/python - <<'PY'
import io
import sys
import threading
import time
from importlib.metadata import version

import numpy as np
from kornia_rs.io import decode_image_png_u8
from PIL import Image

SIDE = 3000
noise = np.random.default_rng(0).integers(0, 16, (SIDE, SIDE, 3), np.uint8)
buffer = io.BytesIO()
Image.fromarray(noise).save(buffer, "PNG", compress_level=1)
png = buffer.getvalue()


def longest_silence(decode):
    """Return for which share of the decoding another thread was never given a turn, at most."""
    moments = [time.perf_counter()]
    done = threading.Event()

    def live():
        while not done.is_set():
            moments.append(time.perf_counter())
            time.sleep(0.0005)

    other = threading.Thread(target=live)
    other.start()
    time.sleep(0.05)
    began = time.perf_counter()
    decode()
    took = time.perf_counter() - began
    done.set()
    other.join()
    silences = (later - earlier for earlier, later in zip(moments, moments[1:]) if later > began)
    return max(silences) / took, took


def said(name, decode):
    shares = sorted(longest_silence(decode) for _ in range(5))
    share, took = shares[2]
    print(f"{name}: decoded in {took * 1000:.0f} ms, for {share:.0%} of it no other thread had a turn")
    return share


print("kornia-rs", version("kornia-rs"), "| Pillow", version("pillow"), "| Python", sys.version.split()[0])
assert said("kornia-rs", lambda: decode_image_png_u8(png, (SIDE, SIDE), "rgb")) > 0.6
assert said("Pillow", lambda: Image.open(io.BytesIO(png)).load()) < 0.5
PY
