"""Unity's containers opened without being read whole: UnityFS bundles, and the packages of WebGL builds."""

from __future__ import annotations

import io
import mmap
from typing import Any, Final, NamedTuple

from UnityPy.enums import FileType
from UnityPy.enums.BundleFile import ArchiveFlags, ArchiveFlagsOld, CompressionFlags
from UnityPy.files import BundleFile
from UnityPy.files.File import File
from UnityPy.helpers import ArchiveStorageManager
from UnityPy.helpers.ImportHelper import check_file_type, parse_file
from UnityPy.streams import EndianBinaryReader

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.unity.files.streams import Block, part_of, unpack_lzma, unpacked

_UNITY_FS: Final = b"UnityFS\0"
WEB_DATA: Final = (b"UnityWebData", b"TuanjieWebData")
# Data that textures name, in any bytes whatever: what they look like says nothing.
_RESOURCES: Final = (".ress", ".resource")
_DIRECTORY_AT_END: Final = 0x80
# Since these versions a flag that meant encryption before means that blocks begin at multiples of 16.
_PADDED_SINCE: Final = ((2020, 3, 34), (2021, 3, 2), (2022, 1, 1))


class Node(NamedTuple):
    """A file inside a bundle."""

    offset: int
    size: int
    flags: int
    path: str


def parse(stream: Any, parent: Any, name: str) -> Any:
    """Return a Unity file with what it holds; a reader of its bytes where it is none."""
    if name.lower().endswith(_RESOURCES):
        return EndianBinaryReader(stream)
    head = stream.read(len(_UNITY_FS))
    stream.seek(0)
    if head == _UNITY_FS:
        return StreamedBundle(EndianBinaryReader(stream), parent, name)
    kind, reader = check_file_type(EndianBinaryReader(stream))
    if kind is FileType.WebFile and any(start.startswith(head) for start in WEB_DATA):
        return WebData(stream, parent, name)
    if kind not in {FileType.AssetsFile, FileType.BundleFile}:
        return reader
    return parse_file(EndianBinaryReader(_whole(stream)), parent, name, kind)


def _whole(stream: Any) -> bytes | memoryview:
    """Return all bytes of a file, mapped where they lie on the disk."""
    if isinstance(stream, io.BufferedReader | io.BufferedRandom):
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    stream.seek(0)
    return bytes(stream.read())


class StreamedBundle(BundleFile):
    """A bundle whose blocks are unpacked when they are read; UnityPy unpacks all of them, and copies them twice."""

    def read_fs(self, reader: Any) -> tuple[list[Any], Any]:
        reader.read_long()
        packed_bytes, unpacked_bytes, flags = (reader.read_u_int() for _ in range(3))
        if self.signature != "UnityFS":
            reader.read_byte()
        version: Any = self.parse_version()
        is_padded = version >= next((since for since in _PADDED_SINCE if since[0] == version[0]), (2023,))
        self.dataflags = ArchiveFlags(flags) if is_padded else ArchiveFlagsOld(flags)
        if self.dataflags & self.dataflags.UsesAssetBundleEncryption:
            self.decryptor = _decryptor(reader)
        if self.version >= 7 or (2019, 4, 15) <= version < (2020,):
            reader.align_stream(16)
        _limits(self).check_total(unpacked_bytes)
        start = reader.Position
        if flags & _DIRECTORY_AT_END:
            reader.Position = reader.Length - packed_bytes
        directory = self.decompress_data(reader.read_bytes(packed_bytes), unpacked_bytes, flags)
        if flags & _DIRECTORY_AT_END:
            reader.Position = start
        if is_padded and flags & ArchiveFlags.BlockInfoNeedPaddingAtStart:
            reader.align_stream(16)
        return self._contents(reader, EndianBinaryReader(directory))

    def _contents(self, reader: EndianBinaryReader, directory: EndianBinaryReader) -> tuple[list[Any], Any]:
        limits = _limits(self)
        directory.read_bytes(16)
        blocks, start = [], reader.Position
        for _ in range(directory.read_int()):
            unpacked_bytes, packed_bytes, flags = (
                directory.read_u_int(),
                directory.read_u_int(),
                directory.read_u_short(),
            )
            blocks.append(Block(start, packed_bytes, unpacked_bytes, flags))
            start += packed_bytes
        count = directory.read_int()
        limits.check_member_count(count)
        limits.check_total(sum(block.unpacked_bytes for block in blocks))
        nodes = [
            Node(directory.read_long(), directory.read_long(), directory.read_u_int(), directory.read_string_to_null())
            for _ in range(count)
        ]

        def stored(start: int, size: int) -> bytes:
            reader.Position = start
            return bytes(reader.read_bytes(size))

        def unpack(number: int) -> bytes:
            block = blocks[number]
            packed = stored(block.start, block.packed_bytes)
            return self.decompress_data(packed, block.unpacked_bytes, block.flags, number)

        return nodes, unpacked(blocks, stored, unpack)

    def decompress_data(self, compressed_data: bytes, uncompressed_size: int, flags: Any, index: int = 0) -> bytes:
        if flags & ArchiveFlags.CompressionTypeMask == CompressionFlags.LZMA:
            return unpack_lzma(compressed_data, uncompressed_size)
        return bytes(super().decompress_data(compressed_data, uncompressed_size, flags, index))

    def read_files(self, reader: Any, files: list[Any]) -> None:
        stream = reader if isinstance(reader, io.RawIOBase) else io.BytesIO(reader.bytes)
        _take_in(self, stream, files)


class Directory(StreamedBundle):
    """A bundle of which nothing is read but what its files are called and where they lie."""

    names: tuple[str, ...]
    assets: tuple[tuple[Any, int], ...]

    def read_files(self, reader: Any, files: list[Any]) -> None:
        """Keep the names, and streams with sizes of the files that may hold objects."""
        stream = reader if isinstance(reader, io.RawIOBase) else io.BytesIO(reader.bytes)
        self.names = tuple(node.path for node in files)
        self.assets = tuple(
            (part_of(stream, node.offset, node.size), node.size)
            for node in files
            if not node.path.lower().endswith(_RESOURCES)
        )


class WebData(File):
    """The files that a WebGL build has in one."""

    def __init__(self, stream: Any, parent: Any, name: str) -> None:
        super().__init__(parent, name)
        reader = EndianBinaryReader(stream, endian="<")
        reader.read_string_to_null()
        end, nodes = reader.read_int(), []
        while reader.Position < end:
            offset, size, name_bytes = (reader.read_int() for _ in range(3))
            nodes.append(Node(offset, size, 0, reader.read_bytes(name_bytes).decode("utf-8", "replace")))
        _limits(self).check_member_count(len(nodes))
        _take_in(self, stream, nodes)


def _decryptor(reader: EndianBinaryReader) -> Any:
    if ArchiveStorageManager.DECRYPT_KEY is None:
        raise ArchiveError(
            "it is encrypted as Unity's Chinese edition does: name the game's key with --unity-key or "
            "AEGIS_EXTRACT_UNITY_KEY"
        )
    try:
        return ArchiveStorageManager.ArchiveStorageDecryptor(reader)
    except Exception as error:
        raise ArchiveError("the key of AEGIS_EXTRACT_UNITY_KEY does not open it: name the game's own") from error


def _limits(file: Any) -> ReadLimits:
    limits: ReadLimits = file.environment.limits
    return limits


def _take_in(container: Any, stream: Any, nodes: list[Any]) -> None:
    for node in nodes:
        file = parse(part_of(stream, node.offset, node.size), container, node.path)
        if not isinstance(file, File) or hasattr(file, "objects"):
            container.environment.register_cab(node.path, file)
        file.flags = getattr(node, "flags", 0)
        container.files[node.path] = file
