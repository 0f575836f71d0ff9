"""Writers of texture files for the tests: KTX, KTX2, VTF, Godot's, Radiance and OpenEXR."""

from __future__ import annotations

import base64
import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import OpenEXR
from srctools.vtf import VTF, CubeSide, ImageFormats, VTFFlags

from tests.unit.imaging.making import HEIGHT, WIDTH, Array

# The mosaic as the reference encoder of Basis Universal writes it, zlib and base85 around it.
BASIS: Final = {
    "ETC1S": (
        "c-mX-9TK5nWU!l;ONxsD2pEA_0Ejsl5P%U0X8^Gc5HA5@6(BwVRkIdKmoh?VE(TO!1ErZ5EEpCuGBGeS1MPrYVh>mM9|#;6?D>)T@<1Bs"
        "%<`hllGGvwr^MpSVujGW%(B#?;=~*UBRxX{1_o{h76wP4Izb>dMzfn02`e~=Gyt9GC~=Mb?&?;41+E4Lh64(3J{Bs>NRdBq1tjMnG0n<^"
        "{S3nla6m9LC4FA~G}Pnl)qCs=4ojK-038$_8X5{RY{jZotC$!Lx`1sFV6i>$LYJYKfeomKaYmm-7>f&s1jvB1HccERf($+o*C;eFxOJUX"
        "<+Y7TJS_<Tvz|tK"
    ),
    "UASTC": (
        "c-mX-9TK5nWU!l;ONxsD2pEA_0Ejsl5P%ViK_CN&b%1yZltu>!pmYNo4O7d+puw<=k%@ts8Db9v)HB0a|A9arNCTZ!UX)pqTEyU#Se#j`"
        "5So`+mReMtn4@5%XK28{zyi`$&%hu))90D})-Je7;t%8>$TRW7`QL$t305K8C(iKTzdX|eMmXQ;!#oYX^>F*YgY2()50?-3_U?|<S&F2e"
        ";ekAoe*w2}En@"
    ),
}


def basis_ktx2(kind: str) -> bytes:
    return zlib.decompress(base64.b85decode(BASIS[kind]))


def ktx(
    parts: Sequence[bytes],
    *,
    internal: int = 0,
    channels: int = 0,
    number: int = 0,
    layers: int = 0,
    sides: int = 1,
    depth: int = 0,
    upside_down: bool = False,
    row_bytes: int = 0,
    number_bytes: int = 1,
    order: str = "<",
) -> bytes:
    """Return a KTX file of one mipmap; rows of ``row_bytes`` are filled up to four bytes."""
    metadata = b"KTXorientation\0S=r,T=u\0" if upside_down else b""
    if metadata:
        metadata = struct.pack(f"{order}I", len(metadata)) + metadata + bytes(-len(metadata) % 4)
    fields = (0x04030201, number, number_bytes, channels, internal, channels, WIDTH, HEIGHT, depth, layers, sides, 1)
    if row_bytes:
        parts = [
            b"".join(part[at : at + row_bytes] + bytes(-row_bytes % 4) for at in range(0, len(part), row_bytes))
            for part in parts
        ]
    data = b"".join(parts)
    head = b"\xabKTX 11\xbb\r\n\x1a\n" + struct.pack(f"{order}13I", *fields, len(metadata))
    return head + metadata + struct.pack(f"{order}I", len(data) // max(sides, 1)) + data


def ktx2(
    data: bytes,
    number: int,
    *,
    pack: Callable[[bytes], bytes] = bytes,
    packing: int = 0,
    layers: int = 0,
    sides: int = 1,
    depth: int = 0,
    values: Sequence[tuple[str, str]] = (),
    size: tuple[int, int] = (WIDTH, HEIGHT),
    transfer: int = 0,
    flags: int = 0,
) -> bytes:
    """Return a KTX2 file of one mipmap; its basic description says how levels are meant, and whether with alpha in."""
    entries = [f"{key}\0{value}\0".encode() for key, value in values]
    metadata = b"".join(struct.pack("<I", len(entry)) + entry + bytes(-len(entry) % 4) for entry in entries)
    stored = pack(data)
    description = struct.pack("<I2I4B", 16, 0, 2 | 24 << 16, 1, 1, transfer, flags) if transfer or flags else b""
    values_at = 104 + len(description)
    at = values_at + len(metadata)
    places = (104, len(description), values_at, len(metadata), 0, 0)
    fields = (number, 1, *size, depth, layers, sides, 1, packing, *places)
    head = b"\xabKTX 20\xbb\r\n\x1a\n" + struct.pack("<13I2Q3Q", *fields, at, len(stored), len(data))
    return head + description + metadata + stored


def vtf(pictures: Sequence[Array], kind: ImageFormats, version: tuple[int, int], *, cube: bool = False) -> bytes:
    """Return a VTF file with mipmaps, written by srctools: a second program that knows the format."""
    flags = VTFFlags.ENVMAP if cube else VTFFlags.EMPTY
    texture = VTF(WIDTH, HEIGHT, version, frames=1 if cube else len(pictures), flags=flags, fmt=kind)
    for number, picture in enumerate(pictures):
        frame = texture.get(side=CubeSide(number)) if cube else texture.get(frame=number)
        frame.copy_from(picture.tobytes())
    texture.compute_mipmaps()
    written = io.BytesIO()
    texture.save(written)
    return written.getvalue()


def read_by_srctools(data: bytes) -> Array:
    """Return RGBA of the largest picture as that second program reads it."""
    frame = VTF.read(io.BytesIO(data)).get()
    frame.load()
    return np.frombuffer(bytes(frame._data or b""), np.uint8).reshape(HEIGHT, WIDTH, 4)


def ctex(data: bytes, number: int, packing: int = 0) -> bytes:
    head = b"GST2" + struct.pack("<3I5I", 1, WIDTH, HEIGHT, 0, 0, 0, 0, 0)
    return head + struct.pack("<I2H2I", packing, WIDTH, HEIGHT, 0, number) + data


def stex(data: bytes, layout: int) -> bytes:
    return b"GDST" + struct.pack("<4H2I", WIDTH, 0, HEIGHT, 0, 0, layout) + data


def exr(channels: dict[str, Any]) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        OpenEXR.File(header, channels).write(file.name)
        return Path(file.name).read_bytes()


def radiance(values: Array, *, runs: bool = True, order: str = "-Y {height} +X {width}") -> bytes:
    """Return a Radiance file of these linear colours; of each row's planes the first half as a run where it is one."""
    height, width = values.shape[:2]
    largest = values.max(axis=2)
    _, exponent = np.frexp(largest)
    scaled = np.floor(values * np.exp2(8.0 - exponent)[..., None]).clip(0, 255).astype(np.uint8)
    texels = np.dstack([scaled, (exponent + 128).astype(np.uint8)])
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + f"{order.format(height=height, width=width)}\n".encode()
    if not runs:
        return head + texels.tobytes()
    rows = b""
    for row in texels:
        rows += bytes([2, 2, width >> 8, width & 255])
        for plane in row.T:
            half = plane[: width // 2]
            start = bytes([128 + len(half), half[0]]) if (half == half[0]).all() else bytes([len(half), *half])
            rows += start + bytes([width - len(half), *plane[width // 2 :]])
    return head + rows
