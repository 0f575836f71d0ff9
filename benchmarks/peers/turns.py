"""What a program that is measured has in common with the others: it works when it is told, and says how long it took.

Imports nothing but the standard library, since peers run in an environment of their own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def serve(work: Callable[[list[bytes]], None], folder: Path) -> None:
    """Say `ready`, then do `work` on the files of `folder` once for each line of standard input, which is a count.

    Each turn is answered by one line of JSON: images, wall seconds, and CPU seconds of this process.
    """
    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    work(files[:8])
    print("ready", flush=True)
    for line in sys.stdin:
        count = int(line)
        images = [files[at % len(files)] for at in range(count)]
        wall, cpu = time.perf_counter(), time.process_time()
        work(images)
        seconds = time.perf_counter() - wall
        print(
            json.dumps({"images": count, "seconds": seconds, "cpu_seconds": time.process_time() - cpu}),
            flush=True,
        )
