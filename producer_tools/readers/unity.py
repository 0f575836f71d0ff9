"""Unity bundles and assets files, read by UnityPy: Texture2D and Sprite."""

from __future__ import annotations

import ntpath
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from PIL import Image

from producer_tools.errors import ArchiveError
from producer_tools.limits import ReadLimits
from producer_tools.pixels import brief, check_size, to_png_mode
from producer_tools.textures import Entry, Left, UnreadableImageError

_TYPES: Final = ("Texture2D", "Sprite")
_TEXTURES_KEPT_DECODED: Final = 4


@contextmanager
def open_unity(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left]]:
    """Yield the textures and sprites of a bundle or assets file.

    Raises:
        ArchiveError: corrupt, encrypted, beyond the limits, or UnityPy is not installed.

    """
    try:
        main = _fenced_environment(path.parent).load_main(path)
    except ImportError as error:
        raise ArchiveError("reading Unity files needs UnityPy: pip install 'aegis-tagger[extract]'") from error
    except MemoryError as error:
        raise ArchiveError("it needs more memory than AEGIS_EXTRACT_MEMORY_BYTES allows") from error
    except Exception as error:
        raise ArchiveError(f"it is damaged, encrypted or of an unknown Unity version ({brief(error)})") from error
    # UnityPy hands back what it does not know as a mere stream of bytes.
    if not hasattr(main, "files"):
        raise ArchiveError("it is damaged or not a Unity file")
    assets_files = list(_assets_files(main))
    limits.check_member_count(sum(len(assets.objects) for assets in assets_files))
    yield [item for assets in assets_files for item in _textures(assets, limits)]


def _fenced_environment(folder: Path) -> Any:
    """Return a UnityPy environment that opens no file but the neighbours of the one it was given.

    UnityPy follows the paths that a file names, absolute ones too: a hostile file could have any file of this
    machine read as a texture.
    """
    from UnityPy.environment import Environment  # noqa: PLC0415 - takes a second, and is an extra

    class FencedEnvironment(Environment):
        def load_main(self, path: Path) -> Any:
            return super().load_file(path.read_bytes(), name=path.name)

        def load_file(self, file: Any, parent: Any = None, name: str | None = None, is_dependency: bool = False) -> Any:
            del parent  # UnityPy passes True for it, and takes the environment then
            if not isinstance(file, str):
                return super().load_file(file, None, name, is_dependency)
            neighbour = folder / (ntpath.basename(file) or "_")
            if neighbour.is_symlink() or not neighbour.is_file():
                return None
            return super().load_file(neighbour.read_bytes(), None, neighbour.name, is_dependency=True)

        def find_file(self, name: str, is_dependency: bool = True) -> Any:
            found = self.get_cab(name) or self.load_file(name, is_dependency=is_dependency)
            if found is None:
                raise FileNotFoundError(f"{ntpath.basename(name)} is not beside it")
            return found

    return FencedEnvironment(path=str(folder))


def _assets_files(file: Any) -> Iterator[Any]:
    if hasattr(file, "objects"):
        yield file
        return
    for inner in (getattr(file, "files", None) or {}).values():
        yield from _assets_files(inner)


def _textures(assets: Any, limits: ReadLimits) -> Iterator[Entry | Left]:
    containers = {pointer.path_id: place for place, pointer in assets.container.items()}
    engine = f"unity {assets.unity_version}"
    for path_id, reader in sorted(assets.objects.items()):
        kind = reader.type.name
        if kind not in _TYPES:
            continue
        try:
            name = reader.peek_name() or f"{kind.lower()}-{path_id}"
        except Exception as error:  # noqa: BLE001 - a damaged object must not take the others with it
            yield Left(f"{kind} {path_id}", f"cannot be read ({brief(error)})")
            continue
        container = containers.get(path_id)
        yield Entry(
            key=_key(kind, name, container),
            name=name,
            source_type=kind,
            container_path=container,
            engine=engine,
            load=partial(_load, reader, limits),
        )


def _key(kind: str, name: str, container: str | None) -> str:
    if kind == "Sprite":
        # A sprite shares the container path of the texture that it is cut from.
        return f"{container}@{name}" if container else f"sprites/{name}"
    return container or name


def _load(reader: Any, limits: ReadLimits) -> Image.Image:
    decoded = reader.assets_file._cache  # noqa: SLF001 - UnityPy never empties it, and atlases are large
    if len(decoded) > _TEXTURES_KEPT_DECODED:
        decoded.clear()
    try:
        texture = reader.parse_as_object()
        if reader.type.name == "Texture2D":
            check_size(texture.m_Width, texture.m_Height, limits)
        else:
            check_size(int(texture.m_Rect.width), int(texture.m_Rect.height), limits)
        return to_png_mode(texture.image)
    except UnreadableImageError:
        raise
    except MemoryError:
        raise UnreadableImageError("needs more memory than AEGIS_EXTRACT_MEMORY_BYTES allows") from None
    except Exception as error:
        raise UnreadableImageError(f"cannot be decoded ({brief(error)})") from error
