"""Archives of game engines: their textures come out right, and hostile ones do no harm."""

from __future__ import annotations

import os
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from srctools.vpk import VPK

from producer_tools.extraction.extract import Unrelated
from producer_tools.extraction.games.pickled import plain_value
from tests.unit.imaging import texture_files
from tests.unit.imaging.dds_encodings import PICTURE
from tests.unit.imaging.making import channels
from tests.unit.producer import game_archives as make
from tests.unit.producer.making import encoded, extracted, picture, pixels, png, skipped, textures

MEMBERS: make.Members = [
    ("textures/a.png", png(1, "RGBA")),
    ("objects/ab12", png(2)),
    ("b.tga", encoded(picture(3), "tga")),
    ("step.ogg", b"OggS" + bytes(2000)),
]
KINDS: dict[str, Callable[[make.Members], bytes]] = {
    "pak": make.pak,
    "vpk": make.vpk,
    "old.vpk": lambda members: make.vpk(members, 1, 0),
    "rpa": make.rpa,
    "bytes.rpa": lambda members: make.rpa(members, before=b""),
    "short.rpa": lambda members: make.rpa(members, before=None, protocol=4),
    "old.rpa": lambda members: make.rpa(members, "2.0"),
    "pck": make.pck,
    "godot3.pck": lambda members: make.pck(members, 1),
    "godot45.pck": lambda members: make.pck(members, 3),
}
LEVELS = (np.arange(16 * 32).reshape(16, 32) % 251).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
def test_textures_come_out_and_the_rest_is_counted(kind: str, tmp_path: Path) -> None:
    source = tmp_path / f"game.{kind}"
    source.write_bytes(KINDS[kind](MEMBERS))

    items = extracted(source, tmp_path / "out")

    found = {item.asset_id.removeprefix(f"game.{kind}/"): item for item in textures(items)}
    assert list(found) == ["textures/a.png", "objects/ab12", "b.tga"]
    for seed, item in enumerate(found.values(), 1):
        assert picture(seed, item.mode).tobytes() == pixels(tmp_path / "out", item).tobytes()
    assert [(item.kind, item.count) for item in items if isinstance(item, Unrelated)] == [(".ogg", 1)]
    assert skipped(items) == []


@pytest.mark.parametrize("kind", KINDS)
def test_limits_hold_and_damage_is_one_sentence(kind: str, tmp_path: Path) -> None:
    source = tmp_path / f"game.{kind}"
    source.write_bytes(KINDS[kind]([(f"{number}.bmp", bytes(5000)) for number in range(8)]))

    (many,) = skipped(extracted(source, tmp_path / "out", max_members=5))
    (whole,) = skipped(extracted(source, tmp_path / "out", max_total_bytes=20_000))
    parts = skipped(extracted(source, tmp_path / "out", max_member_bytes=4000))
    source.write_bytes(KINDS[kind](MEMBERS[::-1])[:-40])
    damaged = skipped(extracted(source, tmp_path / "out"))

    assert "AEGIS_EXTRACT_MAX_MEMBERS" in many.reason
    assert "AEGIS_EXTRACT_MAX_TOTAL_BYTES" in whole.reason
    assert len(parts) == 8
    assert all("at most" in left.reason for left in parts)
    assert damaged
    assert all("damage" in left.reason or "cut short" in left.reason for left in damaged)


def test_a_vpk_of_a_second_program_keeps_its_members_in_files_beside_it(tmp_path: Path) -> None:
    """Written by srctools, which puts them into numbered files; these count as parts, and a missing one is named."""
    folder = tmp_path / "game"
    folder.mkdir()
    with VPK(folder / "pak01_dir.vpk", mode="w", dir_data_limit=0) as archive:
        archive.add_file("materials/wall.png", png(5), arch_index=0)
        archive.add_file("materials/floor.png", png(6), arch_index=1)

    items = extracted(folder, tmp_path / "out")
    (folder / "pak01_001.vpk").unlink()
    less = extracted(folder, tmp_path / "less")

    found = {item.container_path: pixels(tmp_path / "out", item).tobytes() for item in textures(items)}
    assert found == {"materials/wall.png": picture(5).tobytes(), "materials/floor.png": picture(6).tobytes()}
    assert {item.kind for item in items if isinstance(item, Unrelated)} == {"parts of .vpk"}
    assert "lies in pak01_001.vpk" in skipped(less)[0].reason


def test_a_vpk_does_not_follow_links(tmp_path: Path) -> None:
    with VPK(tmp_path / "pak01_dir.vpk", mode="w", dir_data_limit=0) as archive:
        archive.add_file("wall.png", png(5), arch_index=0)
    (tmp_path / "pak01_000.vpk").rename(tmp_path / "elsewhere")
    (tmp_path / "pak01_000.vpk").symlink_to(tmp_path / "elsewhere")

    (left,) = skipped(extracted(tmp_path / "pak01_dir.vpk", tmp_path / "out"))

    assert "not beside its directory" in left.reason


class _Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("/tmp/unpickled-by-aegis",)


@pytest.mark.parametrize("protocol", range(6))
def test_an_index_that_wants_code_run_is_refused(protocol: int, tmp_path: Path) -> None:
    data = make.rpa(MEMBERS)
    at = int(data[8:24], 16)
    source = tmp_path / "evil.rpa"
    source.write_bytes(data[:at] + zlib.compress(pickle.dumps({"a.png": [_Hostile()]}, protocol)))

    (left,) = skipped(extracted(source, tmp_path / "out"))

    assert "its index is no list of files" in left.reason
    assert not Path("/tmp/unpickled-by-aegis").exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_are_those_that_were_pickled(protocol: int) -> None:
    value = {"a": [(1, -2, "ü")], "b": [(2**40, 3, b"\xff\0")], "c": [(0, 1)], "d": ([], (), {})}
    assert plain_value(pickle.dumps(value, protocol)) == value


def test_an_index_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    data = make.rpa(MEMBERS)
    at = int(data[8:24], 16)
    (tmp_path / "bomb.rpa").write_bytes(data[:at] + zlib.compress(bytes(70_000_000), 9))

    (left,) = skipped(extracted(tmp_path / "bomb.rpa", tmp_path / "out"))

    assert "its index unpacks to more than" in left.reason


def test_godots_imported_textures_come_out_of_a_pack(tmp_path: Path) -> None:
    ctex = texture_files.ctex(channels(PICTURE, "rgba", "u8"), 5)
    (tmp_path / "game.pck").write_bytes(make.pck([(".godot/imported/icon.png-0a1b.ctex", ctex)]))

    (found,) = textures(extracted(tmp_path / "game.pck", tmp_path / "out"))

    assert found.engine == "godot 4.2.1"
    assert np.array_equal(np.asarray(pixels(tmp_path / "out", found)), PICTURE)


def test_encrypted_packs_and_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "list.pck").write_bytes(make.pck(MEMBERS, flags=1))
    (tmp_path / "files.pck").write_bytes(make.pck(MEMBERS[:1], file_flags=1))

    first, second = skipped(extracted([tmp_path / "list.pck", tmp_path / "files.pck"], tmp_path / "out"))

    assert "encrypted" in first.reason
    assert second.reason == "is encrypted"


def test_half_life_textures_have_their_palette_and_holes(tmp_path: Path) -> None:
    """A name that begins with a brace makes the last colour a hole."""
    holes = LEVELS.copy()
    holes[4:8] = 255
    (tmp_path / "hl.wad").write_bytes(make.wad3({"WALL": LEVELS, "{FENCE": holes}))

    found = {item.name: item for item in textures(extracted(tmp_path / "hl.wad", tmp_path / "out"))}

    assert np.array_equal(np.asarray(pixels(tmp_path / "out", found["WALL"])), make.PALETTE[LEVELS])
    fence = np.asarray(pixels(tmp_path / "out", found["{FENCE"]))
    assert np.array_equal(fence[..., 3], np.where(holes == 255, 0, 255))
    assert np.array_equal(fence[..., :3], make.PALETTE[holes])


def test_quakes_own_wad_says_that_its_palette_is_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "q.wad").write_bytes(make.wad3({"WALL": LEVELS}, b"WAD2", 0x44))

    (left,) = skipped(extracted(tmp_path / "q.wad", tmp_path / "out"))

    assert "palette" in left.reason


def test_doom_gives_flats_pictures_and_the_walls_made_of_them(tmp_path: Path) -> None:
    shown = np.ones_like(LEVELS, bool)
    shown[3:6, 5:9] = False
    flat = (np.arange(4096) % 256).astype(np.uint8)
    names = struct.pack("<I8s8s", 2, b"PATCH1", b"patch2")
    walls = make.doom_walls({"WALL": (48, 20, [(0, 0, 0), (16, 4, 1)])})
    lumps = [
        ("PLAYPAL", make.PALETTE.tobytes() * 14),
        ("F_START", b""),
        ("FLOOR", flat.tobytes()),
        ("F_END", b""),
        ("P_START", b""),
        ("PATCH1", make.doom_picture(LEVELS, shown)),
        ("PATCH2", make.doom_picture(LEVELS[::-1], np.ones_like(shown))),
        ("P_END", b""),
        ("PNAMES", names),
        ("TEXTURE1", walls),
        ("DEMO1", bytes(500)),
        ("HUD", png(9, "RGBA")),
    ]
    (tmp_path / "doom.wad").write_bytes(make.doom(lumps))

    items = extracted(tmp_path / "doom.wad", tmp_path / "out")

    found = {item.container_path: np.asarray(pixels(tmp_path / "out", item)) for item in textures(items)}
    assert set(found) == {"flats/FLOOR", "patches/PATCH1", "patches/PATCH2", "graphics/HUD", "walls/WALL"}
    assert np.array_equal(found["flats/FLOOR"], make.PALETTE[flat.reshape(64, 64)])
    one = np.dstack([make.PALETTE[LEVELS], np.full(LEVELS.shape, 255, np.uint8)]) * shown[..., None]
    two = np.dstack([make.PALETTE[LEVELS[::-1]], np.full(LEVELS.shape, 255, np.uint8)])
    assert np.array_equal(found["patches/PATCH1"], one)
    wall = np.zeros((20, 48, 4), np.uint8)
    wall[:16, :32] = one
    wall[4:20, 16:48] = two
    assert np.array_equal(found["walls/WALL"], wall)
    assert skipped(items) == []


def test_a_doom_mod_without_a_palette_says_where_it_is(tmp_path: Path) -> None:
    lumps = [("TITLEPIC", make.doom_picture(LEVELS, np.ones_like(LEVELS, bool)))]
    (tmp_path / "mod.wad").write_bytes(make.doom(lumps, b"PWAD"))

    (left,) = skipped(extracted(tmp_path / "mod.wad", tmp_path / "out"))

    assert "IWAD" in left.reason


def test_archives_of_these_names_that_are_others_say_so(tmp_path: Path) -> None:
    folder = tmp_path / "game"
    folder.mkdir()
    for name in ("unreal.pak", "wwise.pck", "league.wad"):
        (folder / name).write_bytes(b"....")

    left = {item.what: item.reason for item in skipped(extracted(folder, tmp_path / "out"))}

    assert "Unreal" in left["game/unreal.pak"]
    assert "Wwise" in left["game/wwise.pck"]
    assert "neither Doom's nor Quake's" in left["game/league.wad"]
