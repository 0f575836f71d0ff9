"""Archives to begin with, one of each kind that a target of its own reads."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np

from producer_tools.extraction.readers.sniff import Kind
from tests.fuzz import unity_files
from tests.unit.producer import game_archives
from tests.unit.producer.test_atlases import ATLASES
from tests.unit.producer.test_containers import Members, seven_zip_of, tar_of

_LEVELS: Final = np.arange(256, dtype=np.uint8).reshape(16, 16)


def _doom(members: Members) -> bytes:
    picture = game_archives.doom_picture(_LEVELS, _LEVELS % 5 > 0)
    lumps = [("PLAYPAL", game_archives.PALETTE.tobytes()), ("F_START", b""), ("FLOOR", bytes(4096)), ("F_END", b"")]
    lumps += [("PATCH", picture), ("PNAMES", b"\1\0\0\0PATCH\0\0\0")]
    lumps += [("TEXTURE1", game_archives.doom_walls({"WALL": (16, 16, [(0, 0, 0), (4, -2, 0)])}))]
    return game_archives.doom([*lumps, *((name[-8:], data) for name, data in members)])


def _atlas(name: str, _: Members) -> bytes:
    return ATLASES[name][0]


KINDS: Final[dict[Kind, Sequence[Callable[[Members], bytes]]]] = {
    Kind.UNITY: unity_files.UNITY,
    Kind.ZIP: unity_files.ZIP,
    Kind.TAR: [tar_of, lambda members: gzip.compress(tar_of(members), mtime=0)],
    Kind.SEVEN_ZIP: [seven_zip_of],
    Kind.QUAKE_PAK: [game_archives.pak],
    Kind.QUAKE_WAD: [lambda _: game_archives.wad3({"{WALL": _LEVELS})],
    Kind.DOOM_WAD: [_doom],
    Kind.VPK: [game_archives.vpk],
    Kind.RPA: [game_archives.rpa, lambda members: game_archives.rpa(members, before=b"")],
    Kind.ATLAS: [partial(_atlas, name) for name in ATLASES],
    Kind.PCK: [game_archives.pck, lambda members: game_archives.pck(members, 3)],
}


def seeds(kind: Kind, members: Callable[[], Members]) -> list[bytes]:
    """Return the archives of this kind, of all members and of one."""
    every = members()
    return [make(part) for make in KINDS[kind] for part in (every, every[:1])]
