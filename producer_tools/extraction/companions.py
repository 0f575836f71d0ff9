"""Companion textures: some games keep the alpha of ``X`` in a texture of its own named ``X[alpha]``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from PIL import Image

from producer_tools.extraction.pixels import with_alpha
from producer_tools.extraction.textures import Entry, Item

SUFFIX: Final = "[alpha]"


def merge_companions(found: Sequence[Item]) -> list[Item]:
    """Return the entries with each ``X[alpha]`` merged into the ``X`` of its folder and type.

    A companion whose base is not there stays a texture of its own, as do all where several are of one name.
    """
    bases = _by_place((item, item.name) for item in found if isinstance(item, Entry) and not _is_companion(item))
    companions = _by_place(
        (item, item.name[: -len(SUFFIX)]) for item in found if isinstance(item, Entry) and _is_companion(item)
    )
    pairs = {
        id(bases[place][0]): companion
        for place, (companion, *others) in companions.items()
        if not others and len(bases.get(place, ())) == 1
    }
    taken = {id(companion) for companion in pairs.values()}
    return [
        _merged(item, pairs[id(item)]) if isinstance(item, Entry) and id(item) in pairs else item
        for item in found
        if id(item) not in taken
    ]


def _by_place(named: Iterable[tuple[Entry, str]]) -> dict[tuple[str, str, str], list[Entry]]:
    places: dict[tuple[str, str, str], list[Entry]] = {}
    for entry, name in named:
        places.setdefault(_place(entry, name), []).append(entry)
    return places


def _is_companion(entry: Entry) -> bool:
    return entry.name.endswith(SUFFIX) and len(entry.name) > len(SUFFIX)


def _place(entry: Entry, name: str) -> tuple[str, str, str]:
    folder = (entry.container_path or "").replace("\\", "/").rpartition("/")[0]
    return entry.source_type, folder, name


def _merged(base: Entry, companion: Entry) -> Entry:
    def load() -> Image.Image:
        return with_alpha(base.load(), companion.load())

    return replace(base, load=load)
