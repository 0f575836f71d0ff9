"""A folder that appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class TargetExistsError(Exception):
    """The folder to write is there already; the message says what to do."""


@contextmanager
def staged(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Lend a folder beside `target` that becomes it when the block ends well, and is removed when it does not.

    Raises TargetExistsError before anything is done where `target` is there and may not be replaced.
    """
    if target.exists() and not replace and (not target.is_dir() or any(target.iterdir())):
        raise TargetExistsError(f"{target} is there already: choose another --output, or give --replace.")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        scratch.chmod(0o755)
        yield scratch
        old = scratch.with_suffix(".old")
        if target.exists():
            target.rename(old)
        scratch.rename(target)
        _remove(old)
    finally:
        _remove(scratch)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
