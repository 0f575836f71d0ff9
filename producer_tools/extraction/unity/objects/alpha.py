"""Which texture holds the alpha of which: by the pointers of materials, and by name where no two could be meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from producer_tools.extraction.companions import SUFFIX
from producer_tools.extraction.unity.objects.textures import ObjectId, object_id

_BASE_SLOT: Final = "_MainTex"
ALPHA_SLOT: Final = "_AlphaTex"
# Which every game has, and which hold plain colours that stand for no texture at all.
ENGINE_FILES: Final = ("unity default resources", "unity_builtin_extra")

# Gives for a texture the one that holds its alpha, by what other files of the build say.
Search = Callable[[Any], Any]


def alpha_textures(assets_files: Iterable[Any], by_pointer: Search, by_name: Search) -> dict[ObjectId, Any]:
    """Return for each Texture2D that keeps its alpha elsewhere the reader of the texture that holds it.

    Pointers count more than names, and those of the same files more than others'.
    """
    files = list(assets_files)
    alpha_by_base: dict[ObjectId, Any] = {}
    for base, alpha in (*_by_material(files), *_found(files, by_pointer)):
        alpha_by_base.setdefault(object_id(base), alpha)
    taken = {object_id(alpha) for alpha in alpha_by_base.values()}
    for base, alpha in (*_by_name(files), *_found(files, by_name)):
        if object_id(base) not in alpha_by_base and object_id(alpha) not in taken:
            alpha_by_base[object_id(base)] = alpha
    return alpha_by_base


def material_pointers(reader: Any) -> tuple[Any, Any]:
    """Return the pointers of an object to a texture and to what holds its alpha, None for each that it has not."""
    if reader.type.name != "Material" or ALPHA_SLOT.encode() not in reader.get_raw_data():
        return None, None
    try:
        environments = reader.parse_as_object().m_SavedProperties.m_TexEnvs
        pointers = {str(getattr(key, "name", key)): value.m_Texture for key, value in environments}
    except Exception:  # noqa: BLE001 - a material that cannot be read says nothing of alpha
        return None, None
    base, alpha = pointers.get(_BASE_SLOT), pointers.get(ALPHA_SLOT)
    return (base, alpha) if base and alpha else (None, None)


def named_textures(assets: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield the folder and name of each Texture2D, with its reader."""
    folders = {
        pointer.path_id: place.replace("\\", "/").rpartition("/")[0] for place, pointer in assets.container.items()
    }
    for path_id, reader in sorted(assets.objects.items()):
        if reader.type.name == "Texture2D" and (name := _name(reader)):
            yield (folders.get(path_id, ""), name), reader


def lost_alpha(assets_files: Iterable[Any]) -> dict[ObjectId, str]:
    """Return the textures whose alpha is in a file that was not named, with why it cannot be had."""
    lost: dict[ObjectId, str] = {}
    for assets in assets_files:
        for reader in assets.objects.values():
            base, alpha = material_pointers(reader)
            if base is None or not alpha.m_FileID or _is_of_engine(assets, alpha):
                continue
            try:
                texture = base.deref()
            except Exception:  # noqa: BLE001, S112 - told of where that texture is
                continue
            try:
                alpha.deref()
            except FileNotFoundError as error:
                lost[object_id(texture)] = str(error)
            except Exception:  # noqa: BLE001, S112 - a pointer to nothing is none
                continue
    return lost


def _is_of_engine(assets: Any, pointer: Any) -> bool:
    return assets.externals[pointer.m_FileID - 1].name.casefold() in ENGINE_FILES


def _by_material(files: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for assets in files:
        for _, reader in sorted(assets.objects.items()):
            pointers = material_pointers(reader)
            try:
                base, alpha = (pointer.deref() if pointer else None for pointer in pointers)
            except Exception:  # noqa: BLE001, S112 - it leads out of what was named: see lost_alpha
                continue
            are_textures = base and alpha and base.type.name == alpha.type.name == "Texture2D"
            if are_textures and object_id(base) != object_id(alpha):
                yield base, alpha


def _by_name(files: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for assets in files:
        named = list(named_textures(assets))
        counts = Counter(place for place, _ in named)
        by_place = dict(named)
        for (folder, name), reader in by_place.items():
            companion = (folder, name + SUFFIX)
            if counts[folder, name] == 1 and counts[companion] == 1:
                yield reader, by_place[companion]


def _found(files: Iterable[Any], search: Search) -> Iterator[tuple[Any, Any]]:
    for assets in files:
        for _, reader in sorted(assets.objects.items()):
            alpha = search(reader) if reader.type.name == "Texture2D" else None
            if alpha is not None:
                yield reader, alpha


def _name(reader: Any) -> str:
    try:
        return str(reader.peek_name() or "")
    except Exception:  # noqa: BLE001 - told of by whoever reads the object
        return ""
