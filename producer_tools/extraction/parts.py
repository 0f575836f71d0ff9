"""Files in parts: Android builds cut ``X`` into ``X.split0``, ``X.split1``, … of a megabyte each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_PART: Final = re.compile(r"(.+)\.split(\d{1,6})", re.DOTALL)


def whole_name(name: str) -> str | None:
    """Return the name of the file of which this is a part, None for a file that is none."""
    match = _PART.fullmatch(name)
    return match[1] if match else None


def parts_of_wholes(names: Iterable[str]) -> dict[str, list[str]]:
    """Return for each file in parts the names of its parts in their order; files that are there whole have none.

    What comes behind a missing part is left out, so that a file without its first part is none.
    """
    every = set(names)
    numbers: dict[str, dict[int, str]] = {}
    for name in every:
        match = _PART.fullmatch(name)
        if match and match[1] not in every:
            numbers.setdefault(match[1], {})[int(match[2])] = name
    wholes = {}
    for name, parts in numbers.items():
        unbroken = [parts[number] for number in range(len(parts)) if number in parts]
        if len(unbroken) == len(parts):
            wholes[name] = unbroken
    return wholes
