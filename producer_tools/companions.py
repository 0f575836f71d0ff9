"""Companion textures: some games keep the alpha of ``X`` in a texture of its own named ``X[alpha]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PIL import Image

from producer_tools.pixels import with_alpha
from producer_tools.textures import Entry, Left

SUFFIX: Final = "[alpha]"


def merge_companions(found: Sequence[Entry | Left]) -> list[Entry | Left]:
    """Return the entries with each ``X[alpha]`` merged into the ``X`` of its folder and type.

    A companion whose base is not there stays a texture of its own.
    """
    bases = {_place(item, item.name) for item in found if isinstance(item, Entry) and not _is_companion(item)}
    companions: dict[tuple[str, str, str], Entry] = {}
    for item in found:
        if isinstance(item, Entry) and _is_companion(item):
            place = _place(item, item.name[: -len(SUFFIX)])
            if place in bases:
                companions.setdefault(place, item)
    taken = {id(companion) for companion in companions.values()}
    merged: list[Entry | Left] = []
    for item in found:
        if isinstance(item, Left):
            merged.append(item)
        elif id(item) not in taken:
            companion = companions.pop(_place(item, item.name), None)
            merged.append(item if companion is None else _merged(item, companion))
    return merged


def _is_companion(entry: Entry) -> bool:
    return entry.name.endswith(SUFFIX) and len(entry.name) > len(SUFFIX)


def _place(entry: Entry, name: str) -> tuple[str, str, str]:
    folder = (entry.container_path or "").replace("\\", "/").rpartition("/")[0]
    return entry.source_type, folder, name


def _merged(base: Entry, companion: Entry) -> Entry:
    def load() -> Image.Image:
        return with_alpha(base.load(), companion.load())

    return replace(base, load=load)
