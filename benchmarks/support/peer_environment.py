"""An environment of its own for a peer, so that what it wants to be installed leaves the project's pins alone."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import onnxruntime

# The same onnxruntime on both sides: what is compared is what is built around it.
CONTEST: Final = ("fastembed>=0.9,<0.10", "fastapi>=0.115", "uvicorn", f"onnxruntime=={onnxruntime.__version__}")


class PeersUnavailableError(Exception):
    """They cannot be installed here; the last line of pip says why."""


def peer_python(folder: Path, packages: Sequence[str]) -> Path:
    """Return the interpreter of an environment that holds the packages, which is made where it is not there.

    Raises:
        PeersUnavailableError: no package registry can be reached, or it lacks a package.

    """
    python, stamp = folder / "bin" / "python", folder / ".installed"
    wanted = "\n".join(packages)
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    venv.create(folder, with_pip=True, clear=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PeersUnavailableError((done.stderr.strip().splitlines() or ["pip said nothing"])[-1][:200])
    stamp.write_text(wanted)
    return python


def site_packages(python: Path) -> Path:
    """Return where the packages of an environment lie."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return python.parent.parent / "lib" / version / "site-packages"
