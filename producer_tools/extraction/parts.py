"""Files in parts: ``X.split0``, ``X.split1``, … of Android builds, and volumes of archives, which are not joined."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_PART: Final = re.compile(r"(.+)\.split(\d{1,6})", re.DOTALL)
# Volumes of 7-Zip and others, which make up the archive one behind the other; those of zip itself end in .zip.
_VOLUME: Final = re.compile(r"(.+\.(?:7z|zip|tar|gz|bz2|xz|zst|rar))\.\d{3}", re.DOTALL | re.IGNORECASE)
_DISK: Final = re.compile(r"(.+)\.z\d{2}", re.DOTALL | re.IGNORECASE)


def whole_name(name: str) -> str | None:
    """Return the name of the file of which this is a part, None for a file that is none."""
    match = _PART.fullmatch(name)
    return match[1] if match else None


def archive_of_part(name: str) -> str | None:
    """Return the archive of which this is a volume, None for a file that is none."""
    disk = _DISK.fullmatch(name)
    if disk:
        return f"{disk[1]}.zip"
    volume = _VOLUME.fullmatch(name)
    return volume[1] if volume else None


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
