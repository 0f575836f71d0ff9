"""Unity's files to begin with: each container in which they come, with small textures of every dimension."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import brotli  # type: ignore[import-untyped]

from samples.unity_bundle import serialized_file
from tests.unit.producer.unity_making import SPRITE, TEXTURE, cut, rgba, shades, streamed, upside_down
from tests.unit.producer.unity_packing import bundle, encrypted_bundle, old_bundle, web_data

Members = Sequence[tuple[str, bytes]]
_CUBE: Final = 89


def _game() -> dict[str, bytes]:
    body, stream = streamed("rock", shades(1), "archive:/CAB-1/CAB-1.resS", 8)
    cube = rgba("sky", shades(2, 8, 8)) | {"m_ImageCount": 6, "image data": upside_down(shades(2, 8, 8)) * 6}
    objects = [(2, TEXTURE, body), (3, SPRITE, cut("icon", 0, 2, (2, 3, 10, 7))), (4, _CUBE, cube)]
    return {"CAB-1": serialized_file(objects), "CAB-1.resS": bytes(8) + stream}


def _zip(members: Members) -> bytes:
    whole = serialized_file([(2, TEXTURE, rgba("hero", shades(3)))])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/ui", bundle(_game(), 2))
        for number, start in enumerate(range(0, len(whole), 1024)):
            archive.writestr(f"data/level0.split{number}", whole[start : start + 1024])
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


def _web(pack: Callable[[bytes], bytes], _: Members) -> bytes:
    return pack(web_data({"data.unity3d": bundle(_game(), 0)}))


UNITY: Final[Sequence[Callable[[Members], bytes]]] = [
    *(lambda _, pack=pack: bundle(_game(), pack) for pack in (0, 1, 2)),
    lambda _: bundle(_game(), 2, at_end=True),
    *(lambda _, is_packed=is_packed: old_bundle(_game(), is_packed=is_packed) for is_packed in (True, False)),
    lambda _: encrypted_bundle(_game(), b"a key of 16 byte", "2019.4.40f1"),
    lambda _: _game()["CAB-1"],
    *(partial(_web, pack) for pack in (bytes, partial(gzip.compress, mtime=0), brotli.compress)),
]
ZIP: Final[Sequence[Callable[[Members], bytes]]] = [_zip]
