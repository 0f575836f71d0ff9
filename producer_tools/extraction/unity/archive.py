"""Unity bundles and assets files, read by UnityPy: textures of every dimension, and sprites."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from PIL import Image

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import brief
from producer_tools.extraction.textures import Entry, Item, Left, UnreadableImageError
from producer_tools.extraction.unity.files.build import Build
from producer_tools.extraction.unity.files.sources import Source
from producer_tools.extraction.unity.files.web import unwrapped
from producer_tools.extraction.unity.objects.alpha import alpha_textures, lost_alpha
from producer_tools.extraction.unity.objects.elsewhere import Elsewhere
from producer_tools.extraction.unity.objects.layers import LAYERED, count_of_layers, layer_image
from producer_tools.extraction.unity.objects.sprites import sprite_image
from producer_tools.extraction.unity.objects.textures import ObjectId, TextureImages, object_id
from producer_tools.extraction.unity.options import UnityOptions, in_words

_TYPES: Final = ("Texture2D", "Sprite", *LAYERED)
# Files of the engine itself, the same in every game; WebGL builds have an underscore where others have a space.
_ENGINE_FILES: Final = frozenset({"unity default resources", "unity_builtin_extra", "unity editor resources"})


class WholeBuild:
    """The files of a build, with what they say of each other's objects."""

    def __init__(self, build: Build, limits: ReadLimits) -> None:
        self.build = build
        self.elsewhere = Elsewhere(build, limits)
        self._is_told = False

    def notes(self) -> Iterator[Left]:
        """Yield once what is to be said of the build itself."""
        if not self._is_told and self.elsewhere.unsearched:
            self._is_told = True
            yield Left(
                f"{self.elsewhere.unsearched} Unity files",
                "were not searched for what belongs to textures and sprites of other files: the build is too large",
            )


@contextmanager
def open_unity(
    source: Source, whole: WholeBuild, limits: ReadLimits, options: UnityOptions, scratch: Path
) -> Iterator[list[Item]]:
    """Yield the textures and sprites of a bundle or assets file; what it points at is looked for in its build.

    Raises:
        ArchiveError: corrupt, encrypted, beyond the limits, or UnityPy is not installed.

    """
    try:
        options.apply()
        from producer_tools.extraction.unity.files import environment as fenced  # noqa: PLC0415 - needs UnityPy
        from producer_tools.extraction.unity.objects.neighbours import Neighbours  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ArchiveError("reading Unity files needs UnityPy: pip install 'aegis-tagger[extract]'") from error
    environment = fenced.FencedEnvironment(whole.build, source.place, limits)
    try:
        try:
            main = environment.open(source, unwrapped(source, limits, scratch))
        except Exception as error:
            raise ArchiveError(in_words(error)) from error
        # UnityPy hands back what it does not know as a mere stream of bytes.
        if not hasattr(main, "files"):
            raise ArchiveError("it is damaged or not a Unity file")
        assets_files = list(fenced.assets_files(main))
        limits.check_member_count(sum(len(assets.objects) for assets in assets_files))
        neighbours = Neighbours(whole.elsewhere, environment)
        alpha_of = alpha_textures(assets_files, neighbours.alpha_by_pointer, neighbours.alpha_by_name)
        images = TextureImages(limits, alpha_of, neighbours.atlas_of)
        holders = {object_id(alpha) for alpha in alpha_of.values()} - alpha_of.keys()
        lost = lost_alpha(assets_files)
        holders |= {object_id(reader) for reader in _textures(assets_files) if neighbours.is_holder(reader)}
        entries = (_entries(assets, images, limits, options, leave_out=holders) for assets in assets_files)
        without = (
            Left(f"the alpha of {reader.peek_name()}", f"is in another file, and the texture comes without: {why}")
            for reader in _textures(assets_files)
            if (why := lost.get(object_id(reader))) and object_id(reader) not in alpha_of
        )
        yield [*whole.notes(), *without, *(item for some in entries for item in some)]
    finally:
        environment.close()


def _textures(assets_files: Sequence[Any]) -> Iterator[Any]:
    return (reader for assets in assets_files for reader in assets.objects.values() if reader.type.name == "Texture2D")


def _entries(
    assets: Any, images: TextureImages, limits: ReadLimits, options: UnityOptions, *, leave_out: Collection[ObjectId]
) -> Iterator[Entry | Left]:
    readers = [reader for _, reader in sorted(assets.objects.items()) if reader.type.name in _TYPES]
    if assets.name.lower().replace("unity_default", "unity default") in _ENGINE_FILES and not options.engine_textures:
        if readers:
            yield Left(
                f"{len(readers)} textures of {assets.name}",
                "belong to Unity itself and are left out: extract them with --engine-textures "
                "or AEGIS_EXTRACT_ENGINE_TEXTURES=true",
            )
        return
    containers = {pointer.path_id: place for place, pointer in assets.container.items()}
    for reader in readers:
        if object_id(reader) in leave_out:
            continue
        kind = reader.type.name
        try:
            name = reader.peek_name() or f"{kind.lower()}-{reader.path_id}"
            count = count_of_layers(images.parsed(reader), kind, limits) if kind in LAYERED else 0
        except Exception as error:  # noqa: BLE001 - a damaged object must not take the others with it
            reason = str(error) if isinstance(error, UnreadableImageError) else f"cannot be read ({brief(error)})"
            yield Left(f"{kind} {reader.path_id}", reason)
            continue
        container = containers.get(reader.path_id)
        whole = Entry(
            key=_key(kind, name, container),
            name=name,
            source_type=kind,
            container_path=container,
            engine=f"unity {assets.unity_version}",
            load=partial(_load, reader, images, limits),
        )
        yield from _layers(whole, reader, images, limits, count) if kind in LAYERED else (whole,)


def _layers(whole: Entry, reader: Any, images: TextureImages, limits: ReadLimits, count: int) -> Iterator[Entry]:
    """Yield each face of a cube, slice of a volume or element of an array as a texture below the name of the whole."""
    for number in range(count):
        yield Entry(
            key=f"{whole.key}/{number}",
            name=f"{whole.name}/{number}",
            source_type=whole.source_type,
            container_path=whole.container_path,
            engine=whole.engine,
            load=partial(_load, reader, images, limits, number),
        )


def _key(kind: str, name: str, container: str | None) -> str:
    if kind == "Sprite":
        # A sprite shares the container path of the texture that it is cut from.
        return f"{container}@{name}" if container else f"sprites/{name}"
    return container or name


def _load(reader: Any, images: TextureImages, limits: ReadLimits, layer: int = 0) -> Image.Image:
    try:
        if reader.type.name == "Texture2D":
            upside_down = images.image(reader)
        elif reader.type.name == "Sprite":
            upside_down = sprite_image(reader.parse_as_object(), images, limits)
        else:
            return layer_image(reader, layer, images, limits)
        return upside_down.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    except UnreadableImageError:
        raise
    except MemoryError:
        raise UnreadableImageError("needs more memory than AEGIS_EXTRACT_MEMORY_BYTES allows") from None
    except FileNotFoundError as error:
        raise UnreadableImageError(f"has its pixels in another file: {error}") from error
    except Exception as error:
        raise UnreadableImageError(f"is damaged, or of a kind that is not read ({brief(error)})") from error
