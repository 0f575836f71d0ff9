"""The header of a DDS file, and what it says of the pixels behind it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from consumer.imaging.errors import undecodable

MAGIC: Final = b"DDS "
_HEADER_BYTES: Final = 128
_DX10_BYTES: Final = 20
_HAS_PITCH: Final = 0x8
_CUBE: Final = 0x200
_FACES: Final = 0xFC00
_VOLUME: Final = 0x20_0000
_DX10_CUBE: Final = 0x4
_DX10_VOLUME: Final = 4


@dataclass(frozen=True, slots=True)
class DdsHeader:
    """``dxgi`` is None where the file has the old header alone; ``masks`` are of red, green, blue and alpha.

    ``faces`` counts the sides of a cube map, 0 for a plain texture; ``depth`` is 1 for all but volumes. ``pitch`` is
    how many bytes lie between the beginnings of two rows, 0 where the file does not say; many say what is not so.
    """

    width: int
    height: int
    depth: int
    pitch: int
    mipmaps: int
    flags: int
    fourcc: bytes
    bits: int
    masks: tuple[int, int, int, int]
    dxgi: int | None
    alpha_mode: int
    faces: int
    layers: int
    data_at: int

    @property
    def pictures(self) -> int:
        """Return how many pictures of the largest size the file holds."""
        return max(self.faces, 1) * self.layers * self.depth

    @property
    def code(self) -> int:
        """Return the four-character code as a number: some of Direct3D 9's formats are named so."""
        return int.from_bytes(self.fourcc, "little")


def read_header(data: bytes) -> DdsHeader:
    """Return the header; raises ImageRejectedError for one that is cut short."""
    if len(data) < _HEADER_BYTES:
        raise undecodable(f"is cut short: a DDS file has a header of {_HEADER_BYTES} bytes, {len(data)} are there")
    said, height, width, pitch, depth, mipmaps = struct.unpack_from("<6I", data, 8)
    flags, fourcc, bits, *masks = struct.unpack_from("<I4s5I", data, 80)
    (caps,) = struct.unpack_from("<I", data, 112)
    dxgi, alpha_mode, layers, data_at = None, 0, 1, _HEADER_BYTES
    faces = (caps & _FACES).bit_count() if caps & _CUBE else 0
    volume = bool(caps & _VOLUME)
    if fourcc == b"DX10":
        if len(data) < _HEADER_BYTES + _DX10_BYTES:
            raise undecodable("is cut short: the second header of the DDS file is missing")
        dxgi, dimension, misc, layers, alpha_mode = struct.unpack_from("<5I", data, _HEADER_BYTES)
        data_at += _DX10_BYTES
        faces = 6 if misc & _DX10_CUBE else 0
        volume = dimension == _DX10_VOLUME
    return DdsHeader(
        width=width,
        height=height,
        depth=max(depth, 1) if volume else 1,
        pitch=pitch if said & _HAS_PITCH else 0,
        mipmaps=min(max(mipmaps, 1), 32),
        flags=flags,
        fourcc=fourcc,
        bits=bits,
        masks=(masks[0], masks[1], masks[2], masks[3]),
        dxgi=dxgi,
        alpha_mode=alpha_mode & 0x7,
        faces=faces,
        layers=max(layers, 1),
        data_at=data_at,
    )
