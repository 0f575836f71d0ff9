"""Unity's bundles in all the ways in which they are packed, and encrypted as Unity's Chinese edition does."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from Crypto.Cipher import AES
from UnityPy.helpers.CompressionHelper import compress_lz4, compress_lzma

from samples.unity_bundle import UNITY_VERSION

_PACKING: Final[Mapping[int, Callable[[bytes], bytes]]] = {0: bytes, 1: compress_lzma, 2: compress_lz4}
_SIGNATURE: Final = b"#$unity3dchina!@"
_ENCRYPTED_BLOCK: Final = 0x100


def bundle(
    files: Mapping[str, bytes],
    pack: int,
    *,
    at_end: bool = False,
    version: str = UNITY_VERSION,
    flags: int = 0,
    vectors: bytes = b"",
    change: Callable[[bytes], bytes] = bytes,
) -> bytes:
    """Return a bundle of format 7 in one block: ``pack`` is 0 for none, 1 for LZMA, 2 for LZ4."""
    body = b"".join(files.values())
    packed = change(_PACKING[pack](body))
    block = pack | (_ENCRYPTED_BLOCK if vectors else 0)
    directory = bytes(16) + struct.pack(">iIIHi", 1, len(body), len(packed), block, len(files))
    start = 0
    for name, data in files.items():
        directory += struct.pack(">qqI", start, len(data), 4) + name.encode() + b"\0"
        start += len(data)
    head = struct.pack(">8sI", b"UnityFS", 7) + b"5.x.x\0" + version.encode() + b"\0"
    head += struct.pack(">qIII", 0, len(directory), len(directory), 0x40 | (0x80 if at_end else 0) | flags) + vectors
    head = _aligned(head)
    if at_end:
        return head + packed + directory
    head += directory
    return (_aligned(head) if flags & 0x200 and not vectors else head) + packed


def web_data(files: Mapping[str, bytes]) -> bytes:
    """Return files as a WebGL build has them in one."""
    head = b"UnityWebData1.0\0"
    start = len(head) + 4 + sum(12 + len(name) for name in files)
    entries, body = b"", b""
    for name, data in files.items():
        entries += struct.pack("<3I", start + len(body), len(data), len(name)) + name.encode()
        body += data
    return head + struct.pack("<I", start) + entries + body


def old_bundle(files: Mapping[str, bytes], *, is_packed: bool) -> bytes:
    """Return a bundle as Unity 3 and 4 made them: UnityWeb where it is packed by LZMA, UnityRaw where it is not."""
    names = struct.pack(">i", len(files))
    start = 4 + sum(len(name) + 1 + 8 for name in files)
    for name, data in files.items():
        names += name.encode() + b"\0" + struct.pack(">II", start, len(data))
        start += len(data)
    body = names + b"".join(files.values())
    packed = compress_lzma(body, True) if is_packed else body
    head = (b"UnityWeb\0" if is_packed else b"UnityRaw\0") + struct.pack(">I", 3) + b"3.x.x\0" + b"4.7.2f1\0"
    header_bytes = len(head) + 9 * 4
    sizes = (header_bytes + len(packed), header_bytes, 1, 1, len(packed), len(body), header_bytes + len(packed))
    return head + struct.pack(">IIIiIIII", *sizes, len(names)) + bytes(4) + packed


def encrypted_bundle(files: Mapping[str, bytes], key: bytes, version: str) -> bytes:
    """Return a bundle packed by LZ4 whose block is encrypted with a key of 16 bytes."""
    table = bytes((number * 7 + 3) % 16 for number in range(16))
    substitute = bytes((number * 5 + 1) % 16 for number in range(16))
    stored = table + bytes(substitute[column * 4 + row] for row in range(4) for column in range(4))
    plain = bytes(stored[at] << 4 | stored[at + 1] for at in range(0, 32, 2))
    vectors = struct.pack(">I", 0) + _vector(plain, b"k" * 16, key) + _vector(_SIGNATURE, b"s" * 16, key)
    flag = 0x200 if version.startswith("2019") else 0x1000
    return bundle(
        files,
        2,
        version=version,
        flags=flag,
        vectors=vectors,
        change=lambda packed: _encrypted(packed, table, substitute),
    )


def _vector(plain: bytes, salt: bytes, key: bytes) -> bytes:
    mask = AES.new(key, AES.MODE_ECB).encrypt(salt)
    return bytes(one ^ other for one, other in zip(plain, mask, strict=True)) + salt + b"\0"


def _aligned(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // 16) * 16, b"\0")


@dataclass(slots=True)
class _Block:
    """A block packed by LZ4; of each sequence all bytes are encrypted but the literals, which stay as they are."""

    data: bytearray
    table: bytes
    substitute: bytes
    at: int = 0

    def sequence(self, number: int) -> None:
        token = self._take(number)
        literals, matched = token >> 4, token & 15
        more = 255 if literals == 15 else 0
        while more == 255:
            number += 1
            more = self._take(number)
            literals += more
        self.at += literals
        if self.at < len(self.data):
            self._take(number + 1)
            self._take(number + 2)
            number, more = number + 2, 255 if matched == 15 else 0
            while more == 255:
                number += 1
                more = self._take(number)

    def _take(self, number: int) -> int:
        plain, moved = self.data[self.at], sum(self.substitute[(number >> 2 * row & 3) + 4 * row] for row in range(4))
        low, high = (self.table.index((plain >> bits) + moved & 15) for bits in (0, 4))
        self.data[self.at] = low | high << 4
        self.at += 1
        return plain


def _encrypted(packed: bytes, table: bytes, substitute: bytes) -> bytes:
    block, sequence = _Block(bytearray(packed), table, substitute), 0
    while block.at < len(block.data):
        block.sequence(sequence)
        sequence += 1
    return bytes(block.data)
