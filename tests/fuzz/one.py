"""One target under atheris, in a process of its own: ``python -m tests.fuzz.one TARGET [libFuzzer's options]``."""

from __future__ import annotations

import importlib
import logging
import sys
import warnings

# The modules whose branches tell the fuzzer that an input is new.
_INSTRUMENTED = {
    "event": ["schemas", "consumer.storage.rows", "consumer.services.sink", "consumer.services.tagger"],
    "image": ["consumer.tagging", "PIL"],
    "archive": ["producer_tools", "PIL", "zipfile", "tarfile", "gzip", "UnityPy"],
}


def main() -> None:
    """Run until libFuzzer's options say stop; a crash ends the process and leaves its input."""
    import atheris  # noqa: PLC0415 - an extra: pip install 'aegis-tagger[fuzz]'

    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=_INSTRUMENTED[name]):
        targets = importlib.import_module("tests.fuzz.targets")
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    target = targets.TARGETS[name]
    atheris.Setup(sys.argv, target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
