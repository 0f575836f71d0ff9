"""Pictures of flat tiles, and encoders for the texel formats and files that are read: every byte is made here."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

WIDTH, HEIGHT, TILE = 16, 8, 4
COLOURS: Final = (
    *((200, 100, 50, 255), (0, 255, 0, 255), (255, 0, 0, 136), (0, 0, 255, 255)),
    *((16, 130, 247, 68), (255, 255, 255, 255), (90, 90, 90, 204), (0, 0, 0, 255)),
)


def mosaic(colours: Sequence[tuple[int, int, int, int]] = COLOURS) -> Array:
    """Return RGBA uint8 [8, 16, 4]: eight tiles of four by four, each of one colour."""
    tiles = np.array(colours, np.uint8).reshape(HEIGHT // TILE, WIDTH // TILE, 4)
    return tiles.repeat(TILE, axis=0).repeat(TILE, axis=1)


def channels(picture: Array, order: str, number: str) -> bytes:
    """Encode the channels in this order, each as a number of this kind; ``x`` is filled with rubbish."""
    planes = {name: picture[..., place] / 255 for place, name in enumerate("rgba")} | {"l": picture[..., 0] / 255}
    planes["x"] = np.full(picture.shape[:2], 0.3)
    values = np.stack([planes[name] for name in order], axis=-1)
    whole = {"u8": 255, "u16": 65535}
    if number in whole:
        return np.rint(values * whole[number]).astype({"u8": "u1", "u16": "<u2"}[number]).tobytes()
    if number in {"s8", "s16"}:
        most, dtype = (127, "i1") if number == "s8" else (32767, "<i2")
        return np.rint((values * 2 - 1) * most).astype(dtype).tobytes()
    return values.astype({"f16": "<f2", "f32": "<f4"}[number]).tobytes()


def bits(picture: Array, word: str, fields: Sequence[tuple[str, int]]) -> bytes:
    """Encode words of bit fields, the lowest first."""
    values = np.zeros(picture.shape[:2], np.uint64)
    shift = 0
    for name, width in fields:
        plane = picture[..., "rgba".index(name)] / 255 if name in "rgba" else np.ones(picture.shape[:2])
        values |= np.rint(plane * ((1 << width) - 1)).astype(np.uint64) << np.uint64(shift)
        shift += width
    return values.astype(word).tobytes()


def in_tiles(picture: Array, encode: Callable[[tuple[int, ...]], bytes]) -> bytes:
    """Encode each tile's colour as one block."""
    return b"".join(encode(tuple(int(part) for part in colour)) for colour in picture[::TILE, ::TILE].reshape(-1, 4))


def bc1(colour: tuple[int, ...]) -> bytes:
    red, green, blue = (round(part * most / 255) for part, most in zip(colour, (31, 63, 31), strict=False))
    word = red << 11 | green << 5 | blue
    # Of equal ends the block has three colours, and index 0 is the first as ever.
    return struct.pack("<HHI", word, 0, 0)


def bc2(colour: tuple[int, ...]) -> bytes:
    nibble = round(colour[3] * 15 / 255)
    return bytes([nibble * 17] * 8) + bc1(colour)


def bc4(level: int) -> bytes:
    return bytes([level, level, 0, 0, 0, 0, 0, 0])


def bc3(colour: tuple[int, ...]) -> bytes:
    return bc4(colour[3]) + bc1(colour)


def bc5(colour: tuple[int, ...]) -> bytes:
    return bc4(colour[0]) + bc4(colour[1])


def signed(level: int) -> int:
    """Return the level of 8 bits as the byte of a signed format."""
    return round((level / 255 * 2 - 1) * 127) & 0xFF


def bc6h(colour: tuple[int, ...], *, negative: bool = False) -> bytes:
    """Encode both ends of the line in full, ten bits each; signed ones have a bit for the sign."""
    halves = [int(np.array(part / 255, np.float16).view(np.uint16)) for part in colour[:3]]
    # Undo what a reader does to ten bits: to sixteen, then times 31 by 64 (signed: 31 by 32 of fifteen).
    ends = [round((half * 32 / 31 / 64 - 0.5) if negative else (half * 64 / 31 / 64)) for half in halves]
    fields = sum((end & 0x3FF) << place for end, place in zip(ends * 2, (5, 15, 25, 35, 45, 55), strict=True))
    return (0b00011 | fields).to_bytes(16, "little")


def dds(
    data: bytes,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    dxgi: int | None = None,
    code: bytes = b"\0\0\0\0",
    flags: int = 4,
    depth: int = 0,
    masks: Sequence[int] = (0, 0, 0, 0),
    caps2: int = 0,
    misc: int = 0,
    alpha_mode: int = 0,
    mipmaps: int = 1,
) -> bytes:
    """Return a DDS file; with a DXGI number it has the second header."""
    pixel_format = struct.pack("<II4s5I", 32, flags, b"DX10" if dxgi is not None else code, depth, *masks)
    head = struct.pack("<7I44x", 124, 0x1007, height, width, 0, 0, mipmaps) + pixel_format
    head += struct.pack("<5I", 0x1000, caps2, 0, 0, 0)
    second = b"" if dxgi is None else struct.pack("<5I", dxgi, 3, misc, 1, alpha_mode)
    return b"DDS " + head + second + data


def tga(  # noqa: PLR0917 - the header's own fields, in its order
    kind: int,
    depth: int,
    data: bytes,
    descriptor: int = 0x20,
    colour_map: bytes = b"",
    map_fields: tuple[int, int, int] = (0, 0, 0),
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> bytes:
    mapped = 1 if colour_map else 0
    head = struct.pack("<BBBHHBHHHHBB", 0, mapped, kind, *map_fields, 0, 0, width, height, depth, descriptor)
    return head + colour_map + data


def psd(
    mode: int, depth: int, planes: Sequence[Array], *, large: bool = False, packed: bool = False, layers: bytes = b""
) -> bytes:
    """Return a Photoshop file of the flattened picture, its planes of 8 or 16 bits, behind what it has of layers."""
    height, width = planes[0].shape
    dtype = "u1" if depth == 8 else ">u2"
    rows = [np.ascontiguousarray(row).astype(dtype).tobytes() for plane in planes for row in plane]
    head = b"8BPS" + struct.pack(">H6xHIIHH", 2 if large else 1, len(planes), height, width, depth, mode)
    head += struct.pack(">II", 0, 0) + struct.pack(">Q" if large else ">I", len(layers)) + layers
    if not packed:
        return head + struct.pack(">H", 0) + b"".join(rows)
    # Each row as literal packets of at most 128 bytes.
    runs = [
        b"".join(bytes([len(row[at : at + 128]) - 1]) + row[at : at + 128] for at in range(0, len(row), 128))
        for row in rows
    ]
    counts = b"".join(struct.pack(">I" if large else ">H", len(run)) for run in runs)
    return head + struct.pack(">H", 1) + counts + b"".join(runs)
