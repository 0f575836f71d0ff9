"""Writers of game engines' archives for the tests."""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

Members = Sequence[tuple[str, bytes]]
Array = Any
PALETTE: Final = np.stack([np.arange(256), np.arange(256)[::-1], (np.arange(256) * 7) % 256], axis=-1).astype(np.uint8)


def pak(members: Members) -> bytes:
    data, table = b"", b""
    for name, content in members:
        table += struct.pack("<56sII", name.encode(), 12 + len(data), len(content))
        data += content
    return b"PACK" + struct.pack("<II", 12 + len(data), len(table)) + data + table


def vpk(members: Members, version: int = 2, before_bytes: int = 10) -> bytes:
    """Return a directory that holds its members itself, each with its first bytes among the names."""
    tree, data = b"", b""
    for name, content in members:
        folder, _, file = name.rpartition("/")
        stem, dot, extension = file.rpartition(".")
        before, rest = content[:before_bytes], content[before_bytes:]
        tree += (extension if dot else " ").encode() + b"\0" + (folder or " ").encode() + b"\0"
        tree += (stem if dot else file).encode() + b"\0"
        tree += struct.pack("<IHHIIH", zlib.crc32(content), len(before), 0x7FFF, len(data), len(rest), 0xFFFF)
        tree += before + b"\0\0"
        data += rest
    tree += b"\0"
    head = struct.pack("<III", 0x55AA1234, version, len(tree))
    return head + (struct.pack("<4I", len(data), 0, 0, 0) if version == 2 else b"") + tree + data


def rpa(members: Members, version: str = "3.0", protocol: int = 2, before: Any = "") -> bytes:
    key = 0xDEADBEEF if version == "3.0" else 0
    head_bytes = 34 if version == "3.0" else 25
    index, data = {}, b""
    for name, content in members:
        place = ((head_bytes + len(data)) ^ key, len(content) ^ key)
        index[name] = [place if before is None else (*place, before)]
        data += content
    head = f"RPA-{version} {head_bytes + len(data):016x}" + (f" {key:08x}\n" if version == "3.0" else "\n")
    return head.encode() + data + zlib.compress(pickle.dumps(index, protocol))


def pck(members: Members, version: int = 2, flags: int = 0, file_flags: int = 0) -> bytes:
    fields = {1: (3, 5, 2), 2: (4, 2, 1), 3: (4, 5, 0)}[version]
    head = b"GDPC" + struct.pack("<4I", version, *fields)
    prefix = "" if version == 3 else "res://"
    names = [(prefix + name).encode().ljust(-(-len(prefix + name) // 4) * 4, b"\0") for name, _ in members]
    entry_bytes = 36 if version > 1 else 32
    table_bytes = 4 + sum(4 + len(name) + entry_bytes for name in names)
    head_bytes = len(head) + {1: 64, 2: 12 + 64, 3: 20 + 64}[version]
    base = head_bytes + table_bytes if version > 1 else 0
    table, data = struct.pack("<I", len(members)), b""
    for name, (_, content) in zip(names, members, strict=True):
        start = len(data) if version > 1 else head_bytes + table_bytes + len(data)
        table += struct.pack("<I", len(name)) + name + struct.pack("<QQ16x", start, len(content))
        table += struct.pack("<I", file_flags) if version > 1 else b""
        data += content
    head += struct.pack("<IQ", flags, base) if version > 1 else b""
    head += struct.pack("<Q", head_bytes) if version == 3 else b""
    return head + bytes(64) + table + data


def wad3(textures: Mapping[str, Array], magic: bytes = b"WAD3", kind: int = 0x43) -> bytes:
    """Return a .wad of indices, uint8 [H, W], each with four mipmaps and a palette."""
    data, table = b"", b""
    for name, levels in textures.items():
        height, width = levels.shape
        mipmaps = [np.ascontiguousarray(levels[:: 1 << level, :: 1 << level]).tobytes() for level in range(4)]
        places = [40 + sum(len(part) for part in mipmaps[:level]) for level in range(4)]
        lump = struct.pack("<16s6I", name.encode(), width, height, *places) + b"".join(mipmaps)
        lump += struct.pack("<H", 256) + PALETTE.tobytes() + b"\0\0"
        table += struct.pack("<IIIBBxx16s", 12 + len(data), len(lump), len(lump), kind, 0, name.encode())
        data += lump
    return magic + struct.pack("<II", len(textures), 12 + len(data)) + data + table


def doom(lumps: Members, magic: bytes = b"IWAD") -> bytes:
    data, table = b"", b""
    for name, content in lumps:
        table += struct.pack("<II8s", 12 + len(data), len(content), name.encode())
        data += content
    return magic + struct.pack("<II", len(lumps), 12 + len(data)) + data + table


def doom_picture(levels: Array, shown: Array) -> bytes:
    """Return a picture of Doom's kind: of each column the runs of pixels that are shown."""
    height, width = levels.shape
    columns = []
    for x in range(width):
        runs, row = b"", 0
        while row < height:
            end = row
            while end < height and shown[end, x]:
                end += 1
            if end > row:
                pixels = levels[row:end, x].tobytes()
                runs += bytes([row, len(pixels), 0]) + pixels + b"\0"
            row = end + 1
        columns.append(runs + b"\xff")
    at = 8 + 4 * width
    places = [at + sum(len(column) for column in columns[:x]) for x in range(width)]
    return struct.pack(f"<HHhh{width}I", width, height, 0, 0, *places) + b"".join(columns)


def doom_walls(walls: Mapping[str, tuple[int, int, Sequence[tuple[int, int, int]]]]) -> bytes:
    """Return a TEXTURE1 lump: width, height and parts (column, row, number of the picture) of each wall."""
    parts = [
        struct.pack("<8s4xHH4xH", name.encode(), width, height, len(places))
        + b"".join(struct.pack("<hhH4x", *place) for place in places)
        for name, (width, height, places) in walls.items()
    ]
    starts = [4 + 4 * len(parts) + sum(len(part) for part in parts[:number]) for number in range(len(parts))]
    return struct.pack(f"<I{len(parts)}I", len(parts), *starts) + b"".join(parts)
