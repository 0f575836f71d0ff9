"""One target under atheris, in a process of its own: ``python -m tests.fuzz.one TARGET [libFuzzer's options]``."""

from __future__ import annotations

import importlib
import logging
import resource
import sys
import warnings
from pathlib import Path

# The modules whose branches tell the fuzzer that an input is new.
_INSTRUMENTED = {
    "event": ["schemas", "consumer.storage.tables.rows", "consumer.services.storing", "consumer.services.tagger"],
    "image": ["consumer.imaging", "consumer.tagging", "PIL"],
    "textures": ["consumer.imaging"],
    "archive": ["producer_tools", "PIL", "zipfile", "tarfile", "gzip", "UnityPy"],
}
# Of an archive of one kind.
_CONTAINER = [
    *("producer_tools.extraction.readers", "producer_tools.extraction.games", "producer_tools.extraction.atlases"),
    *("tarfile", "gzip", "py7zr"),
]
# Beside what is there at the beginning; below libFuzzer's own limit.
_MEMORY_BYTES = 2 * 1024**3


def main() -> None:
    """Run until libFuzzer's options say stop; a crash ends the process and leaves its input."""
    import atheris  # noqa: PLC0415 - of the group `deep` in pyproject.toml

    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=_INSTRUMENTED.get(name, _CONTAINER)):
        targets = importlib.import_module("tests.fuzz.targets")
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    target = targets.TARGETS[name]
    if name not in {"event", "image", "textures"}:
        # As the child process does: a parser that wants more is refused there, and no finding here.
        most_bytes = _address_space_bytes() + _MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    atheris.Setup(sys.argv, target.run)
    atheris.Fuzz()


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
