"""Writes small UnityFS bundles of Texture2D and Sprite objects; no Unity, and no file of anyone else's, is needed.

UnityPy knows how each class is laid out in each Unity version; the containers around the objects are written here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image
from UnityPy.helpers.CompressionHelper import chunk_based_compress
from UnityPy.helpers.Tpk import get_typetree_node
from UnityPy.helpers.TypeTreeHelper import write_typetree
from UnityPy.helpers.UnityVersion import UnityVersion
from UnityPy.streams import EndianBinaryWriter

UNITY_VERSION: Final = "2018.4.36f1"
_SERIALIZED_VERSION: Final = 17
_STANDALONE_LINUX_64: Final = 24
_BUNDLE_VERSION: Final = 6
_BLOCKS_AND_DIRECTORY_TOGETHER: Final = 0x40
_SERIALIZED_FILE_NODE: Final = 4
_LZ4HC: Final = 3
_TEXTURE_2D: Final = 28
_ASSET_BUNDLE: Final = 142
_SPRITE: Final = 213
_RGB24: Final = 3
_RGBA32: Final = 4
_ZERO_OF: Final[Mapping[str, Any]] = {"bool": False, "float": 0.0, "double": 0.0, "string": "", "TypelessData": b""}


@dataclass(frozen=True, slots=True)
class Texture:
    """A Texture2D; ``place`` is its path among the project's assets."""

    name: str
    place: str
    image: Image.Image


@dataclass(frozen=True, slots=True)
class Sprite:
    """A rectangle cut from a texture; ``box`` is left, top, right, bottom in pixels from its upper left corner."""

    name: str
    texture: Texture
    box: tuple[int, int, int, int]


def bundle(name: str, textures: Sequence[Texture], sprites: Sequence[Sprite] = ()) -> bytes:
    """Return a UnityFS bundle, compressed with LZ4, that holds the textures and sprites."""
    path_ids = {texture.name: number for number, texture in enumerate(textures, start=2)}
    container = [(texture.place, _container_entry(path_ids[texture.name])) for texture in textures]
    objects = [(path_ids[texture.name], _TEXTURE_2D, _texture_fields(texture)) for texture in textures]
    for path_id, sprite in enumerate(sprites, start=2 + len(textures)):
        objects.append((path_id, _SPRITE, _sprite_fields(sprite, path_ids[sprite.texture.name])))
        container.append((sprite.texture.place, _container_entry(path_id)))
    head = {"m_Name": name, "m_AssetBundleName": name, "m_Container": container, "m_RuntimeCompatibility": 1}
    objects.insert(0, (1, _ASSET_BUNDLE, head))
    return bundle_of({f"CAB-{zlib.crc32(name.encode()):032x}": serialized_file(objects)})


def bundle_of(files: Mapping[str, bytes]) -> bytes:
    """Return a UnityFS bundle, compressed with LZ4, that holds the files."""
    return _unity_fs(files)


def serialized_file(
    objects: Sequence[tuple[int, int, Mapping[str, Any]]],
    others: Sequence[str] = (),
    unity_version: str | None = None,
    stated_version: str | None = None,
) -> bytes:
    """Return an assets file of objects given as path id, class id, and the fields that differ from zero.

    ``others`` are the paths of the files to which pointers lead whose file ids are 1, 2, …. ``stated_version`` is what
    the file says of its version where it does not say the truth.
    """
    classes = sorted({class_id for _, class_id, _ in objects})
    unity_version = unity_version or UNITY_VERSION
    version = UnityVersion.from_str(unity_version)
    layouts = {class_id: get_typetree_node(class_id, version) for class_id in classes}
    metadata, data = EndianBinaryWriter(endian="<"), EndianBinaryWriter(endian="<")
    metadata.write_string_to_null(stated_version or unity_version)
    metadata.write_int(_STANDALONE_LINUX_64)
    metadata.write_boolean(True)  # the file describes its own classes
    metadata.write_int(len(classes))
    for class_id in classes:
        metadata.write_int(class_id)
        metadata.write_boolean(False)  # not stripped
        metadata.write_short(-1)
        metadata.write_bytes(bytes(16))
        for node in layouts[class_id].traverse():
            node.m_TypeFlags = int(node.m_Type == "Array")
        layouts[class_id].dump_blob(metadata, _SERIALIZED_VERSION)
    metadata.write_int(len(objects))
    for path_id, class_id, fields in objects:
        start = data.Position
        write_typetree(_complete(layouts[class_id], fields), layouts[class_id], data)
        metadata.align_stream()
        metadata.write_long(path_id)
        metadata.write_u_int(start)
        metadata.write_u_int(data.Position - start)
        metadata.write_int(classes.index(class_id))
        data.align_stream(8)
    metadata.write_int(0)  # scripts
    metadata.write_int(len(others))
    for path in others:
        metadata.write_bytes(bytes(1 + 16 + 4))  # no temporary name, no GUID, no type
        metadata.write_string_to_null(path)
    metadata.write_string_to_null("")
    return _with_header(metadata.bytes, data.bytes)


def _with_header(metadata: bytes, data: bytes) -> bytes:
    header_bytes = 20
    data_start = -(-(header_bytes + len(metadata)) // 16) * 16
    header = struct.pack(">4I4x", len(metadata), data_start + len(data), _SERIALIZED_VERSION, data_start)
    return (header + metadata).ljust(data_start, b"\0") + data


def _unity_fs(files: Mapping[str, bytes]) -> bytes:
    body, blocks = chunk_based_compress(b"".join(files.values()), _LZ4HC)
    directory = bytes(16) + struct.pack(">i", len(blocks))
    directory += b"".join(struct.pack(">IIH", *block) for block in blocks) + struct.pack(">i", len(files))
    offset = 0
    for path, content in files.items():
        directory += struct.pack(">qqI", offset, len(content), _SERIALIZED_FILE_NODE) + path.encode() + b"\0"
        offset += len(content)
    signature = struct.pack(">8sI", b"UnityFS", _BUNDLE_VERSION) + b"5.x.x\0" + UNITY_VERSION.encode() + b"\0"
    total = len(signature) + 20 + len(directory) + len(body)
    sizes = struct.pack(">qIII", total, len(directory), len(directory), _BLOCKS_AND_DIRECTORY_TOGETHER)
    return signature + sizes + directory + bytes(body)


def _texture_fields(texture: Texture) -> dict[str, Any]:
    mode = "RGBA" if texture.image.has_transparency_data else "RGB"
    # Unity's rows run from the bottom to the top.
    pixels = texture.image.convert(mode).transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes()
    width, height = texture.image.size
    return {
        "m_Name": texture.name,
        "m_Width": width,
        "m_Height": height,
        "m_CompleteImageSize": len(pixels),
        "m_TextureFormat": _RGBA32 if mode == "RGBA" else _RGB24,
        "m_MipCount": 1,
        "m_ImageCount": 1,
        "m_TextureDimension": 2,
        "image data": pixels,
    }


def _sprite_fields(sprite: Sprite, texture_id: int) -> dict[str, Any]:
    left, top, right, bottom = sprite.box
    place = {
        "x": float(left),
        "y": float(sprite.texture.image.height - bottom),
        "width": float(right - left),
        "height": float(bottom - top),
    }
    settings_raw = 0b10  # not packed into an atlas, cut as a rectangle
    return {
        "m_Name": sprite.name,
        "m_Rect": place,
        "m_PixelsToUnits": 100.0,
        "m_RD": {"texture": _pointer(texture_id), "textureRect": place, "settingsRaw": settings_raw},
    }


def _container_entry(path_id: int) -> dict[str, Any]:
    return {"preloadIndex": 0, "preloadSize": 0, "asset": _pointer(path_id)}


def _pointer(path_id: int) -> dict[str, int]:
    return {"m_FileID": 0, "m_PathID": path_id}


def _complete(node: Any, given: Any = None) -> Any:
    """Return the value of a node of a class's layout, zero where nothing is given."""
    children = node.m_Children
    if node.m_Type in _ZERO_OF or not children or children[0].m_Type == "Array":
        return _ZERO_OF.get(node.m_Type, [] if children else 0) if given is None else given
    if node.m_Type == "pair":
        return tuple(_complete(child) for child in children) if given is None else given
    fields = given or {}
    return {child.m_Name: _complete(child, fields.get(child.m_Name)) for child in children}
