"""Which reader opens which kind of a game engine's archives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from producer_tools.extraction.atlases.entries import open_atlas
from producer_tools.extraction.games.doom import open_doom
from producer_tools.extraction.games.godot import open_pck
from producer_tools.extraction.games.quake import open_pak, open_wad
from producer_tools.extraction.games.renpy import open_rpa
from producer_tools.extraction.games.vpk import open_vpk
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.extraction.textures import Entry, Left, Other

OPENERS: Final[Mapping[Kind, Callable[[Path, ReadLimits], AbstractContextManager[list[Entry | Left | Other]]]]] = {
    Kind.QUAKE_PAK: open_pak,
    Kind.QUAKE_WAD: open_wad,
    Kind.DOOM_WAD: open_doom,
    Kind.VPK: open_vpk,
    Kind.RPA: open_rpa,
    Kind.PCK: open_pck,
    Kind.ATLAS: open_atlas,
}
