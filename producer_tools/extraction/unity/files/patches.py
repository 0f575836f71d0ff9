"""What UnityPy has to be spared, or it ends the process."""

from __future__ import annotations

from functools import wraps
from typing import Any


def read_names_as_utf8() -> None:
    """Have names that are no UTF-8 read with a question mark for each wrong byte.

    UnityPy 1.25 keeps such bytes as surrogates, for which its native type trees abort the process.
    """
    from UnityPy.streams.EndianBinaryReader import EndianBinaryReader_Memoryview as Reader  # noqa: PLC0415 - an extra

    original = Reader.read_string_to_null
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def read_string_to_null(self: Any, max_length: int = 32767) -> str:
        return original(self, max_length).encode("utf-8", "replace").decode()

    Reader.read_string_to_null = read_string_to_null  # type: ignore[method-assign]
