"""libvips, set up for a server: one thread a call, no cache, no chatter."""

from __future__ import annotations

import logging
import os
from typing import Any, Final

import numpy as np
import numpy.typing as npt

# Read when the library is loaded. Our own threads are the parallelism; vips' would fight them.
os.environ.setdefault("VIPS_CONCURRENCY", "1")
os.environ.setdefault("VIPS_WARNING", "0")

import pyvips

logging.getLogger("pyvips").setLevel(logging.ERROR)
# Every image comes once, so that a cache would only hold memory.
pyvips.cache_set_max(0)

__all__ = ["pyvips", "to_array"]

# A larger region no longer fits a CPU's cache: in strips it is made faster, whoever waits for it.
_MOST_IN_ONE_REGION: Final = 768 * 768


def to_array(image: Any) -> npt.NDArray[np.uint8]:
    """Return the pixels of a vips image of bytes, uint8 [height, width, bands].

    As one region they are made in the thread that asks; by itself vips hands each image to threads of its own, which
    take the CPUs from ours and wait for each other.
    """
    if image.width * image.height > _MOST_IN_ONE_REGION:
        strips: npt.NDArray[np.uint8] = np.asarray(image.numpy()).reshape(image.height, image.width, image.bands)
        return strips
    region = pyvips.Region.new(image).fetch(0, 0, image.width, image.height)
    return np.frombuffer(region, np.uint8).reshape(image.height, image.width, image.bands)
