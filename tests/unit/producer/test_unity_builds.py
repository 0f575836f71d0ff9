"""A build is one: what a Unity file points at is found wherever it lies among what was named, and nowhere else."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from producer_tools.extraction.extract import Unrelated, extract
from producer_tools.settings import ExtractSettings
from samples.unity_bundle import bundle_of, serialized_file
from tests.unit.producer.making import extracted, package_of, zip_of
from tests.unit.producer.test_containers import seven_zip_of, tar_of
from tests.unit.producer.unity_making import (
    SPRITE,
    TEXTURE,
    cut,
    drawn,
    reasons,
    rgba,
    shades,
    streamed,
    written,
)

ATLAS, ICONS = "CAB-" + "1a" * 16, "CAB-" + "2b" * 16
SHEET = shades(3)
BOX = (2, 3, 10, 7)
CROP = SHEET[3:7, 2:10]
ATLAS_FILE = serialized_file([(5, TEXTURE, rgba("sheet", SHEET))])
ICONS_FILE = serialized_file([(7, SPRITE, cut("icon", 1, 5, BOX))], [f"archive:/{ATLAS}/{ATLAS}"])


def in_parts(name: str, data: bytes, part_bytes: int) -> dict[str, bytes]:
    starts = range(0, len(data), part_bytes)
    return {f"{name}.split{number}": data[start : start + part_bytes] for number, start in enumerate(starts)}


def android_build() -> dict[str, bytes]:
    """Return a build as Unity makes them: scenes, bundles, and files cut into parts, more than ten of one."""
    body, stream = streamed("ground", shades(6, 64, 64), "sharedassets1.assets.resS", 64)
    whole = serialized_file([(2, TEXTURE, rgba("in_parts", shades(2, 64, 64)))])
    return {
        "assets/aa/Android/ui": bundle_of({ATLAS: ATLAS_FILE}),
        "assets/aa/Android/icons.bundle": bundle_of({ICONS: ICONS_FILE}),
        "assets/bin/Data/level0": serialized_file([(2, TEXTURE, rgba("in_level", shades(4)))]),
        "assets/bin/Data/sharedassets1.assets": serialized_file([(2, TEXTURE, body)]),
        **in_parts("assets/bin/Data/sharedassets0.assets", whole, 1024),
        **in_parts("assets/bin/Data/sharedassets1.assets.resS", bytes(64) + stream, 2000),
    }


ANDROID = {
    "assets/aa/Android/ui/sheet": SHEET,
    "assets/aa/Android/icons.bundle/sprites/icon": CROP,
    "assets/bin/Data/level0/in_level": shades(4),
    "assets/bin/Data/sharedassets0.assets/in_parts": shades(2, 64, 64),
    "assets/bin/Data/sharedassets1.assets/ground": shades(6, 64, 64),
}


def check(found: Mapping[str, np.ndarray], label: str, wanted: Mapping[str, np.ndarray]) -> None:
    assert set(found) == {f"{label}/{place}" for place in wanted}
    for place, pixels in wanted.items():
        np.testing.assert_array_equal(found[f"{label}/{place}"], pixels, err_msg=place)


def test_a_sprite_is_cut_from_a_texture_in_another_bundle(tmp_path: Path) -> None:
    game = written(
        tmp_path / "game",
        {"atlas.bundle": bundle_of({ATLAS: ATLAS_FILE}), "deep/down/icons": bundle_of({ICONS: ICONS_FILE})},
    )
    items = extracted(game, tmp_path / "out")
    check(drawn(items, tmp_path / "out"), "game", {"atlas.bundle/sheet": SHEET, "deep/down/icons/sprites/icon": CROP})


def test_files_named_together_are_one_build_and_the_case_of_names_says_nothing(tmp_path: Path) -> None:
    files = {"a/atlas.bundle": bundle_of({ATLAS: ATLAS_FILE}), f"b/{ICONS.upper()}": ICONS_FILE}
    written(tmp_path, files)

    items = extracted([tmp_path / place for place in files], tmp_path / "out")
    alone = extracted(tmp_path / "b" / ICONS.upper(), tmp_path / "alone")

    np.testing.assert_array_equal(drawn(items, tmp_path / "out")[f"{ICONS.upper()}/sprites/icon"], CROP)
    assert drawn(alone, tmp_path / "alone") == {}
    assert "not among the files that were named" in reasons(alone)[f"{ICONS.upper()}: icon"]


def test_of_two_builds_in_one_folder_each_has_its_own_files(tmp_path: Path) -> None:
    files = {}
    for number in (1, 2):
        body, stream = streamed("rock", shades(number), "sharedassets0.assets.resS")
        files[f"game{number}/sharedassets0.assets"] = serialized_file([(2, TEXTURE, body)])
        files[f"game{number}/SharedAssets0.assets.RESS"] = stream
    items = extracted(written(tmp_path / "both", files), tmp_path / "out")

    wanted = {f"game{number}/sharedassets0.assets/rock": shades(number) for number in (1, 2)}
    check(drawn(items, tmp_path / "out"), "both", wanted)
    assert not any(isinstance(item, Unrelated) for item in items)


def test_an_android_build_comes_out_the_same_packed_and_unpacked(tmp_path: Path) -> None:
    """Its files cut into parts are joined; an .xapk and a tar hold it one package deeper."""
    files = android_build()
    apk = zip_of(tmp_path / "game.apk", [*files.items(), ("res/icon.xml", b"")])
    xapk = zip_of(tmp_path / "game.xapk", [("base.apk", apk.read_bytes()), ("manifest.json", b"{}")])
    written(tmp_path / "unpacked", files)
    others = {
        "game.tar.gz": gzip.compress(tar_of(list(files.items()))),
        "game.7z": seven_zip_of(list(files.items())),
        "apk.tar": tar_of([("base.apk", apk.read_bytes())]),
    }
    written(tmp_path, others)
    package = package_of(tmp_path / "game.unitypackage", list(files.items()))

    items = extracted(
        [tmp_path / "unpacked", apk, xapk, package, *(tmp_path / name for name in others)], tmp_path / "out"
    )

    found = drawn(items, tmp_path / "out")
    for label in (
        *("unpacked", "game.apk", "game.xapk/base.apk"),
        *("game.tar.gz", "game.7z", "apk.tar/base.apk", "game.unitypackage"),
    ):
        check({key: value for key, value in found.items() if key.startswith(f"{label}/")}, label, ANDROID)
    assert reasons(items) == {}
    assert {(item.what, item.kind) for item in items if isinstance(item, Unrelated)} == {
        ("game.apk", ".xml"),
        ("game.xapk", ".xml"),
        ("game.xapk", ".json"),
        ("apk.tar", ".xml"),
    }


@pytest.mark.parametrize("as_folder", [True, False], ids=["in one folder", "named one by one"])
def test_packages_of_one_game_are_one_build(as_folder: bool, tmp_path: Path) -> None:
    """Android games keep their first scene in an .apk, and most of the rest in an .obb beside it."""
    (tmp_path / "game").mkdir()
    apk = zip_of(tmp_path / "game" / "game.apk", [("assets/icons", bundle_of({ICONS: ICONS_FILE}))])
    obb = zip_of(tmp_path / "game" / "main.7.game.obb", [("assets/atlas", bundle_of({ATLAS: ATLAS_FILE}))])

    items = extracted(tmp_path / "game" if as_folder else [apk, obb], tmp_path / "out")
    alone = extracted(apk, tmp_path / "alone")

    place = "game/" if as_folder else ""
    found = drawn(items, tmp_path / "out")
    assert set(found) == {f"{place}game.apk/assets/icons/sprites/icon", f"{place}main.7.game.obb/assets/atlas/sheet"}
    np.testing.assert_array_equal(found[f"{place}game.apk/assets/icons/sprites/icon"], CROP)
    assert "not among the files that were named" in reasons(alone)["game.apk: assets/icons/icon"]


def test_events_say_where_in_a_package_a_texture_lies(tmp_path: Path) -> None:
    apk = zip_of(tmp_path / "game.apk", [("assets/ui.bundle", bundle_of({ATLAS: ATLAS_FILE}))])
    (texture,) = extract([apk], tmp_path / "out", ExtractSettings())
    assert (texture.archive, texture.container_path) == ("game.apk", "assets/ui.bundle/sheet")  # type: ignore[union-attr]


def test_a_file_whose_parts_are_not_all_there_is_named(tmp_path: Path) -> None:
    files = in_parts("level0", serialized_file([(2, TEXTURE, rgba("x", shades(1)))]), 400)
    del files["level0.split1"]
    items = extracted(written(tmp_path / "game", files), tmp_path / "out")
    assert drawn(items, tmp_path / "out") == {}
    assert "a part of level0, and others are missing" in reasons(items)["game/level0.split0"]


def test_a_link_beside_a_file_is_not_followed(tmp_path: Path) -> None:
    body, stream = streamed("stolen", shades(1), "level0.resS")
    secret = tmp_path / "secret"
    secret.write_bytes(stream)
    game = written(tmp_path / "game", {"level0": serialized_file([(2, TEXTURE, body)])})
    (game / "level0.resS").symlink_to(secret)
    for named in (game, game / "level0"):
        items = extracted(named, tmp_path / named.name)
        assert drawn(items, tmp_path / named.name) == {}
        assert any("not among the files" in reason for reason in reasons(items).values())


@pytest.mark.parametrize("path", ["/etc/hostname", "../../secret", "C:\\secret"])
def test_a_file_in_an_archive_reads_nothing_outside(path: str, tmp_path: Path) -> None:
    body, stream = streamed("stolen", shades(1), path)
    for name in ("secret", "hostname"):
        (tmp_path / name).write_bytes(stream)
    archive = zip_of(tmp_path / "evil.zip", [("level0", serialized_file([(2, TEXTURE, body)]))])
    items = extracted(archive, tmp_path / "out")
    assert drawn(items, tmp_path / "out") == {}
    assert "not among the files that were named" in reasons(items)["evil.zip: level0/stolen"]


def test_unity_files_in_an_archive_meet_the_limits_of_members(tmp_path: Path) -> None:
    files = {"large": bundle_of({ATLAS: ATLAS_FILE}), "dense.assets": bytes(20 * 1024 * 1024)}
    archive = zip_of(tmp_path / "game.zip", files.items())
    items = extracted(archive, tmp_path / "out")
    assert set(drawn(items, tmp_path / "out")) == {"game.zip/large/sheet"}
    assert "decompression bombs" in reasons(items)["game.zip: dense.assets"]
    small = extracted(archive, tmp_path / "small", max_member_bytes=200)
    assert "at most 200 bytes" in reasons(small)["game.zip: large"]


def test_unity_files_of_a_tar_say_which_limit_they_met(tmp_path: Path) -> None:
    body, stream = streamed("rock", shades(1, 64, 64), "level0.resS")
    files = [("level0", serialized_file([(2, TEXTURE, body)])), ("level0.resS", stream)]
    game = written(tmp_path, {"game.tar": tar_of(files)}) / "game.tar"
    found = reasons(extracted(game, tmp_path / "out", max_member_bytes=len(stream) - 1))
    assert "at most" in found["game.tar: level0.resS"]
    assert "AEGIS_EXTRACT_MAX_MEMBER_BYTES" in found["game.tar: level0.resS"]


def test_a_damaged_unity_file_in_an_archive_leaves_the_others(tmp_path: Path) -> None:
    broken = bundle_of({ATLAS: ATLAS_FILE})[:100]
    archive = tmp_path / "game.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("broken.bundle", broken)
        packed.writestr("whole.bundle", bundle_of({ATLAS: ATLAS_FILE}))
    items = extracted(archive, tmp_path / "out")
    assert set(drawn(items, tmp_path / "out")) == {"game.zip/whole.bundle/sheet"}
    assert "it is damaged" in reasons(items)["game.zip: broken.bundle"]
