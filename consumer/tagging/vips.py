"""libvips, set up for a server: one thread a call, no cache, no chatter."""

from __future__ import annotations

import logging
import os

# Read when the library is loaded. Our own threads are the parallelism; vips' would fight them.
os.environ.setdefault("VIPS_CONCURRENCY", "1")
os.environ.setdefault("VIPS_WARNING", "0")

import pyvips

logging.getLogger("pyvips").setLevel(logging.ERROR)
# Every image comes once, so that a cache would only hold memory.
pyvips.cache_set_max(0)

__all__ = ["pyvips"]
