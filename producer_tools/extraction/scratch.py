"""A folder for PNGs on their way into the output folder, and the end of those that killed runs left there."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PREFIX: Final = ".aegis-partial-"


@contextmanager
def scratch_folder(output: Path) -> Iterator[Path]:
    """Yield a new folder inside ``output``, so that moving a file from it is atomic; removed at the end.

    It is locked for as long as its process lives: what is not locked was left by a run that was killed, and goes.
    Raises OSError when ``output`` cannot be written.
    """
    with _locked(output):
        for left in output.glob(f"{_PREFIX}*"):
            _remove_abandoned(left)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=output))
        held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _remove_abandoned(folder: Path) -> None:
    try:
        with _locked(folder, fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        # In use, a link, or not ours: it stays.
        return


@contextmanager
def _locked(folder: Path, more_flags: int = 0) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | more_flags)
        yield
    finally:
        os.close(descriptor)
