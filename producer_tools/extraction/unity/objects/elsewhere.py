"""What other files of a build say of an object: a material that gives a texture its alpha, an atlas with a sprite."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from producer_tools.extraction.companions import SUFFIX
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.unity.files.build import Build
from producer_tools.extraction.unity.files.sources import Source
from producer_tools.extraction.unity.objects.alpha import ALPHA_SLOT, ENGINE_FILES, material_pointers, named_textures

_ATLAS_CLASS: Final = struct.pack("<i", 687078895)
# Each is searched for in all that the build has.
_MOST_NAMES: Final = 64


class Key(NamedTuple):
    """An object: where its file or bundle lies in the build, the assets file's own name, and the path id there."""

    place: str
    name: str
    path_id: int


RenderKey = tuple[int, ...]


class Elsewhere:
    """An index over one build, made when it is first asked for, of what leads from one file to another."""

    def __init__(self, build: Build, limits: ReadLimits) -> None:
        self._build = build
        self._limits = limits

    @property
    def unsearched(self) -> int:
        """Return how many files were left out because the build is too large."""
        return self._found.left if self._is_needed else 0

    @cached_property
    def alpha_by_pointer(self) -> Mapping[Key, Key]:
        """Return for textures the texture that holds their alpha, as materials say; both may be anywhere."""
        pairs: dict[Key, Key] = {}
        for source, assets in self._hits(ALPHA_SLOT.encode()):
            for reader in assets.objects.values():
                base, alpha = (self._target(source, assets, pointer) for pointer in material_pointers(reader))
                if base and alpha and base != alpha:
                    pairs.setdefault(base, alpha)
        return pairs

    @cached_property
    def alpha_by_name(self) -> Mapping[Key, Key]:
        """Return pairs by name, where one base meets one companion in the whole build."""
        companions = _once(self._textures(SUFFIX.encode(), lambda name: name.endswith(SUFFIX)))
        wanted = {(folder, name[: -len(SUFFIX)]) for folder, name in companions}
        bases: dict[tuple[str, str], Key] = {}
        if 0 < len(wanted) <= _MOST_NAMES:
            names = {name for _, name in wanted}
            bases = _once(self._textures_of_names(names))
        return {bases[place]: companions[place[0], place[1] + SUFFIX] for place in wanted if place in bases}

    @cached_property
    def holders(self) -> frozenset[Key]:
        """Return the textures that are nothing but the alpha of others."""
        every = {**self.alpha_by_name, **self.alpha_by_pointer}
        return frozenset(set(every.values()) - every.keys())

    @cached_property
    def atlas_of(self) -> Mapping[RenderKey, Key]:
        """Return for sprites, by the keys of what is drawn of them, the atlas that has them."""
        atlases: dict[RenderKey, Key] = {}
        for source, assets in self._hits(_ATLAS_CLASS):
            for path_id, reader in sorted(assets.objects.items()):
                if reader.type.name == "SpriteAtlas":
                    key = Key(source.place, assets.name.casefold(), path_id)
                    atlases |= {render_key(each): key for each, _ in reader.parse_as_object().m_RenderDataMap}
        return atlases

    @cached_property
    def _is_needed(self) -> bool:
        from producer_tools.extraction.unity.files.search import is_of_unity  # noqa: PLC0415 - needs UnityPy

        of_unity = (source for source in self._build.opened if is_of_unity(source))
        return next(of_unity, None) is not None and next(of_unity, None) is not None

    @cached_property
    def _found(self) -> Any:
        from producer_tools.extraction.unity.files.search import files_with  # noqa: PLC0415 - needs UnityPy

        return files_with(self._build.opened, (ALPHA_SLOT.encode(), SUFFIX.encode(), _ATLAS_CLASS), self._limits)

    def _hits(self, word: bytes) -> Iterator[tuple[Source, Any]]:
        return self._assets(self._found.by_word[word]) if self._is_needed else iter(())

    def _assets(self, sources: list[Source]) -> Iterator[tuple[Source, Any]]:
        from producer_tools.extraction.unity.files.environment import assets_files, opened  # noqa: PLC0415 - as above

        for source in sources:
            try:
                with opened(source, Build([source], self._limits), self._limits) as main:
                    for assets in assets_files(main):
                        yield source, assets
            except Exception:  # noqa: BLE001, S112 - told of when the file itself is extracted
                continue

    def _textures(self, word: bytes, is_wanted: Any) -> Iterator[tuple[tuple[str, str], Key]]:
        for source, assets in self._hits(word):
            yield from _named(source, assets, is_wanted)

    def _textures_of_names(self, names: set[str]) -> Iterator[tuple[tuple[str, str], Key]]:
        from producer_tools.extraction.unity.files.search import files_with  # noqa: PLC0415 - as above

        found = files_with(self._build.opened, {name.encode() for name in names}, self._limits)
        sources = {source.place: source for hits in found.by_word.values() for source in hits}
        for source, assets in self._assets(list(sources.values())):
            yield from _named(source, assets, names.__contains__)

    def _target(self, source: Source, assets: Any, pointer: Any) -> Key | None:
        """Return what a pointer leads to; None for nothing, and for what is not in the build."""
        if pointer is None or not pointer.m_PathID:
            return None
        if not pointer.m_FileID:
            return Key(source.place, assets.name.casefold(), pointer.m_PathID)
        name = assets.externals[pointer.m_FileID - 1].name
        target = None if name.casefold() in ENGINE_FILES else self._build.find(name, source.place)
        return Key(target.place, name.casefold(), pointer.m_PathID) if target else None


def render_key(key: Any) -> RenderKey:
    """Return the key of what is drawn of a sprite, by which atlases list it."""
    guid, number = key
    return (guid.data_0_, guid.data_1_, guid.data_2_, guid.data_3_, number)


def _named(source: Source, assets: Any, is_wanted: Any) -> Iterator[tuple[tuple[str, str], Key]]:
    for place, reader in named_textures(assets):
        if is_wanted(place[1]):
            yield place, Key(source.place, assets.name.casefold(), reader.path_id)


def _once(found: Iterator[tuple[tuple[str, str], Key]]) -> dict[tuple[str, str], Key]:
    """Return those of which there is one of a name."""
    every = list(found)
    counts = Counter(place for place, _ in every)
    return {place: key for place, key in every if counts[place] == 1}
