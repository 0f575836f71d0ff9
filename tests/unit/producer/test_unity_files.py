"""Unity's files as games pack and protect them: for the web, by other compressions, encrypted, without a version."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import numpy as np
import pytest
from pydantic import ValidationError

from producer_tools.extraction.extract import Unrelated, parser_limits, parser_setup
from producer_tools.extraction.parser import ParsedTexture, Parser
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.settings import ExtractSettings
from samples.unity_bundle import UNITY_VERSION, bundle_of, serialized_file
from tests.unit.producer.commands import Aegis
from tests.unit.producer.making import extracted, skipped, textures
from tests.unit.producer.unity_making import TEXTURE, drawn, reasons, rgba, shades, streamed, texture, written
from tests.unit.producer.unity_packing import bundle, encrypted_bundle, old_bundle, web_data

_MIB = 1024 * 1024
HERO = shades(1)
HERO_FILE = serialized_file([(2, TEXTURE, rgba("hero", HERO))])


WEB = web_data({"data.unity3d": bundle_of({"CAB-1": HERO_FILE}), "config.json": b"{}" * 40})


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("game.data", WEB),
        ("game.data", gzip.compress(WEB)),
        ("game.data.gz", gzip.compress(WEB)),
        ("game.data.br", brotli.compress(WEB)),
        ("game.data.unityweb", gzip.compress(WEB)),
        ("0a1b2c.unityweb", brotli.compress(WEB)),
        ("game.datagz", gzip.compress(WEB)),
        ("level.unity3d.gz", gzip.compress(bundle_of({"CAB-1": HERO_FILE}))),
    ],
)
def test_the_data_of_a_web_build_is_read_however_it_is_sent(name: str, data: bytes, tmp_path: Path) -> None:
    items = extracted(written(tmp_path, {name: data}) / name, tmp_path / "out")
    (pixels,) = drawn(items, tmp_path / "out").values()
    np.testing.assert_array_equal(pixels, HERO)
    assert skipped(items) == []


def test_what_is_packed_for_the_web_meets_the_limits(tmp_path: Path) -> None:
    """Bombs, damage and files without textures are each one sentence."""
    bomb = b"UnityWebData1.0\0" + bytes(40 * _MIB)
    files = {
        "a.data.gz": gzip.compress(bomb),
        "b.data.br": brotli.compress(bomb, quality=1),
        "c.data.gz": gzip.compress(WEB)[:-20],
        "d.data.br": brotli.compress(WEB)[:-20],
        "e.data.gz": gzip.compress(b"code" * 100),
        "f.wasm.code.unityweb": gzip.compress(b"\0asm"),
    }
    items = extracted(written(tmp_path / "Build", files), tmp_path / "out")
    told = reasons(items)
    assert textures(items) == []
    for name, words in (
        ("a.data.gz", "as bombs are"),
        ("b.data.br", "as bombs are"),
        ("c.data.gz", "it is damaged"),
        ("d.data.br", "it is damaged"),
        ("e.data.gz", "holds no Unity data"),
    ):
        assert words in told.pop(f"Build/{name}"), name
    assert told == {}
    assert [item.kind for item in items if isinstance(item, Unrelated)] == [".unityweb"]


@pytest.mark.parametrize(
    ("pack", "at_end", "version", "flags"),
    [
        (0, False, UNITY_VERSION, 0),
        (1, False, UNITY_VERSION, 0),
        (2, True, UNITY_VERSION, 0),
        (1, True, "2021.3.2f1", 0),
        (2, False, "2022.3.1f1", 0x200),
    ],
)
def test_bundles_are_unpacked_whatever_they_are_packed_by(
    pack: int, at_end: bool, version: str, flags: int, tmp_path: Path
) -> None:
    """The pixels lie in a file of their own inside the bundle, as those of a whole game's data.unity3d do."""
    body, stream = streamed("rock", HERO, "archive:/CAB-1/sharedassets0.assets.resS", 100)
    inside = {"CAB-1": serialized_file([(2, TEXTURE, body)]), "sharedassets0.assets.resS": bytes(100) + stream}
    data = bundle(inside, pack, at_end=at_end, version=version, flags=flags)
    items = extracted(written(tmp_path, {"data.unity3d": data}) / "data.unity3d", tmp_path / "out")
    assert reasons(items) == {}
    (pixels,) = drawn(items, tmp_path / "out").values()
    np.testing.assert_array_equal(pixels, HERO)


@pytest.mark.parametrize("is_packed", [True, False])
def test_bundles_of_the_first_unity_versions_are_read(is_packed: bool, tmp_path: Path) -> None:
    file = serialized_file([(2, TEXTURE, rgba("hero", HERO))], unity_version="4.7.2f1")
    source = written(tmp_path, {"hero.unity3d": old_bundle({"CAB-1": file}, is_packed=is_packed)}) / "hero.unity3d"
    items = extracted(source, tmp_path / "out")
    assert reasons(items) == {}
    np.testing.assert_array_equal(drawn(items, tmp_path / "out")["hero.unity3d/hero"], HERO)


def test_a_file_without_its_version_asks_for_it(tmp_path: Path) -> None:
    stripped = serialized_file([(2, TEXTURE, rgba("hero", HERO))], stated_version="0.0.0")
    data = bundle({"CAB-1": stripped}, 2, version="0.0.0")
    source = written(tmp_path, {"hero.bundle": data}) / "hero.bundle"

    (reason,) = reasons(extracted(source, tmp_path / "out")).values()
    assert "--unity-version or AEGIS_EXTRACT_UNITY_VERSION" in reason
    assert "UnityPy" not in reason

    items = extracted(source, tmp_path / "out", unity_version=UNITY_VERSION)
    np.testing.assert_array_equal(drawn(items, tmp_path / "out")["hero.bundle/hero"], HERO)
    out = Aegis(tmp_path, {}).run("extract", source, "--output", tmp_path / "o", "--unity-version", UNITY_VERSION)
    assert (out.returncode, out.stderr) == (0, "")


@pytest.mark.parametrize("version", ["2019.4.40f1", "2022.3.1f1"])
def test_an_encrypted_bundle_opens_with_its_key_alone(version: str, tmp_path: Path) -> None:
    """As Unity's Chinese edition encrypts them; the flag that says so moved between versions."""
    key = b"a key of 16 byte"
    file = serialized_file([(2, TEXTURE, rgba("hero", shades(1, 64, 64)))], unity_version=version)
    data = encrypted_bundle({"CAB-1": file}, key, version)
    source = written(tmp_path, {"hero.bundle": data}) / "hero.bundle"

    for settings, words in (
        ({}, "--unity-key or AEGIS_EXTRACT_UNITY_KEY"),
        ({"unity_key": "another key of 1"}, "does not open it"),
    ):
        (reason,) = reasons(extracted(source, tmp_path / "out", **settings)).values()
        assert words in reason
    for unity_key in (key.decode(), key.hex()):
        items = extracted(source, tmp_path / "out", unity_key=unity_key)
        np.testing.assert_array_equal(drawn(items, tmp_path / "out")["hero.bundle/hero"], shades(1, 64, 64))


@pytest.mark.parametrize(("name", "value"), [("unity_key", "short"), ("unity_version", "new")])
def test_a_key_or_version_that_cannot_be_one_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=r"16 characters|no Unity version"):
        ExtractSettings(**{name: value})  # type: ignore[arg-type]


def test_the_engine_s_own_textures_are_counted_and_taken_on_demand(tmp_path: Path) -> None:
    """So are those of no pixels, which fonts have that are drawn while the game runs."""
    own = serialized_file([(number, TEXTURE, rgba(f"own{number}", shades(number))) for number in (2, 3)])
    font = texture("font", 1, b"", (0, 0))
    files = {
        "Resources/unity default resources": own,
        "Resources/unity_builtin_extra": own,
        "level0": serialized_file([(2, TEXTURE, rgba("hero", HERO)), (3, TEXTURE, font), (4, TEXTURE, font)]),
        "data.unity3d": bundle_of({"unity default resources": own}),
    }
    game = written(tmp_path / "Game_Data", files)

    items = extracted(game, tmp_path / "out")
    everything = extracted(game, tmp_path / "all", engine_textures=True)

    assert set(drawn(items, tmp_path / "out")) == {"Game_Data/level0/hero"}
    told = reasons(items)
    assert "have no pixels" in told.pop("Game_Data/level0: 2 textures")
    assert len(told) == 3
    assert all("--engine-textures" in reason for reason in told.values())
    assert all(": 2 textures of unity" in what for what in told)
    assert len(textures(everything)) == 7
    assert [what for what, _ in reasons(everything).items()] == ["Game_Data/level0: 2 textures"]


def test_a_small_texture_of_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    """Nearly all of the 4 GiB is a hole that takes no room on the disk; the child may use 300 MiB in all."""
    size_bytes = 4 * 1024 * _MIB
    body, stream = streamed("rock", HERO, "sharedassets0.assets.resS", size_bytes - 1024)
    game = written(tmp_path / "Game_Data", {"sharedassets0.assets": serialized_file([(2, TEXTURE, body)])})
    with (game / "sharedassets0.assets.resS").open("wb") as file:
        file.truncate(size_bytes)
        file.seek(size_bytes - 1024)
        file.write(stream)
    settings = ExtractSettings()
    with Parser(parser_limits(settings), tmp_path, parser_setup([game], settings)) as parser:
        items = parser.read(game / "sharedassets0.assets", Kind.UNITY)
        assert isinstance(next(items), ParsedTexture)
        assert parser._child is not None
        status = Path(f"/proc/{parser._child.pid}/status").read_text(encoding="ascii")
        items.close()
    peak_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak_kib < 300 * 1024
