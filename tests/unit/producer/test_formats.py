"""Every format that is read: the pixels that come out are those that went in."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from producer_tools.extraction.extract import Unrelated
from samples.make_archives import make_archives
from samples.unity_bundle import Sprite, Texture, bundle, serialized_file
from tests.unit.producer.making import (
    SAMPLES,
    encoded,
    extracted,
    files_below,
    package_of,
    picture,
    pixels,
    png,
    skipped,
    textures,
    zip_of,
)

# Photoshop and BMP files have no alpha that readers agree on.
_LOSSLESS = {"RGB": ("png", "tga", "dds", "webp", "bmp", "psd", "tif"), "RGBA": ("png", "tga", "dds", "webp", "tif")}


@pytest.mark.parametrize("mode", _LOSSLESS)
def test_lossless_images_keep_every_pixel(mode: str, tmp_path: Path) -> None:
    """A loose image of each kind comes out as it is, alpha included."""
    sources = [tmp_path / f"crate.{extension}" for extension in _LOSSLESS[mode]]
    for seed, source in enumerate(sources):
        source.write_bytes(encoded(picture(seed, mode), source.suffix[1:]))

    found = textures(extracted(sources, tmp_path / "out"))

    assert [source.name for source in sources] == [item.asset_id for item in found]
    for seed, item in enumerate(found):
        assert picture(seed, mode).tobytes() == pixels(tmp_path / "out", item).convert(mode).tobytes(), item.asset_id
        assert (item.name, item.width, item.height) == ("crate", 16, 12)


def test_jpeg_comes_out_alike(tmp_path: Path) -> None:
    """JPEG loses a little by itself; what comes out is what is in the file."""
    source = tmp_path / "wall.jpg"
    source.write_bytes(encoded(picture(size=(64, 64)), "jpg"))

    (texture,) = textures(extracted(source, tmp_path / "out"))

    with Image.open(source) as original:
        assert original.tobytes() == pixels(tmp_path / "out", texture).tobytes()


def test_zip_under_each_of_its_names(tmp_path: Path) -> None:
    """A zip is a zip whatever it is called; what is no texture is passed over without a word."""
    names = ["pak.zip", "pak.pk3", "mod.jar", "map.wz", "no-extension"]
    members = [("textures/a.png", png(1)), ("b.tga", encoded(picture(2), "tga")), ("c.ogg", b"")]
    archives = [zip_of(tmp_path / name, members) for name in names]

    items = extracted(archives, tmp_path / "out")

    assert [f"{name}/{place}" for name in names for place in ("textures/a.png", "b.tga")] == [
        item.asset_id for item in textures(items)
    ]
    assert files_below(tmp_path / "out") == {
        f"{name}/{place}" for name in names for place in ("textures/a.png", "b.tga.png")
    }
    assert skipped(items) == []


def test_archive_in_an_archive_is_named_and_not_opened(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", [("a.png", png())])
    outer = zip_of(tmp_path / "outer.zip", [("inner.zip", inner.read_bytes())])

    (left,) = extracted(outer, tmp_path / "out")

    assert skipped([left])
    assert "archive inside an archive" in str(left)


def test_unitypackage_takes_the_names_in_pathname(tmp_path: Path) -> None:
    """The folder's GUID names nothing; an asset that is no image is passed over."""
    package = package_of(
        tmp_path / "art.unitypackage",
        [("Assets/Hero.png", png(3, "RGBA")), ("Assets/Step.wav", b"RIFF"), ("Assets/Rock.tga", png(4))],
    )

    items = textures(extracted(package, tmp_path / "out"))

    assert [item.container_path for item in items] == ["Assets/Hero.png", "Assets/Rock.tga"]
    assert [item.engine for item in items] == ["unity"] * 2
    assert picture(3, "RGBA").tobytes() == pixels(tmp_path / "out", items[0]).tobytes()


def test_unity_bundle_with_companion_alpha_and_sprite(tmp_path: Path) -> None:
    """Texture2D and Sprite come out upright; `X[alpha]` becomes the alpha of `X` and no texture of its own."""
    ship, sheet = picture(5, "RGBA"), picture(6, "RGBA", (32, 12))
    atlas = Texture("sheet", "assets/sheet.png", sheet)
    source = tmp_path / "ships.unity3d"
    alpha = ship.getchannel("A")
    source.write_bytes(
        bundle(
            "ships",
            [
                Texture("ship", "assets/ship.png", ship.convert("RGB")),
                Texture("ship[alpha]", "assets/ship[alpha].png", alpha.convert("RGB")),
                atlas,
            ],
            [Sprite("left", atlas, (0, 2, 16, 12))],
        )
    )

    found = {item.name: item for item in textures(extracted(source, tmp_path / "out"))}

    assert {"ship", "sheet", "left"} == set(found)
    assert ship.tobytes() == pixels(tmp_path / "out", found["ship"]).tobytes()
    assert sheet.tobytes() == pixels(tmp_path / "out", found["sheet"]).tobytes()
    assert sheet.crop((0, 2, 16, 12)).tobytes() == pixels(tmp_path / "out", found["left"]).tobytes()
    assert (
        found["left"].source_type,
        found["left"].container_path,
        found["left"].engine,
    ) == ("Sprite", "assets/sheet.png", "unity 2018.4.36f1")


def test_unity_assets_file_without_magic_is_known_by_its_header(tmp_path: Path) -> None:
    texture = {"m_Name": "grey", "m_Width": 2, "m_Height": 2, "m_CompleteImageSize": 12, "m_TextureFormat": 3}
    more = {"m_MipCount": 1, "m_ImageCount": 1, "m_TextureDimension": 2, "image data": b"\x80" * 12}
    source = tmp_path / "level0"
    source.write_bytes(serialized_file([(1, 28, texture | more)]))

    (found,) = textures(extracted(source, tmp_path / "out"))

    assert (found.name, found.source_type) == ("grey", "Texture2D")
    assert pixels(tmp_path / "out", found).convert("RGB").tobytes() == b"\x80" * 12


def test_loose_companion_is_merged_and_lone_one_stays(tmp_path: Path) -> None:
    game = tmp_path / "game"
    game.mkdir()
    ship = picture(7, "RGBA")
    ship.convert("RGB").save(game / "ship.png")
    ship.getchannel("A").save(game / "ship[alpha].png")
    picture(8).save(game / "lone[alpha].png")

    found = {item.asset_id: item for item in textures(extracted(game, tmp_path / "out"))}

    assert {"game/ship.png", "game/lone[alpha].png"} == set(found)
    assert ship.tobytes() == pixels(tmp_path / "out", found["game/ship.png"]).tobytes()


def test_companion_whose_alpha_is_in_its_own_alpha(tmp_path: Path) -> None:
    """Alpha8 textures decode to one colour with the values in the alpha channel."""
    game = tmp_path / "game"
    game.mkdir()
    ship = picture(9, "RGBA")
    ship.convert("RGB").save(game / "ship.png")
    companion = Image.new("RGB", ship.size)
    companion.putalpha(ship.getchannel("A"))
    companion.save(game / "ship[alpha].png")

    (found,) = textures(extracted(game, tmp_path / "out"))

    assert ship.tobytes() == pixels(tmp_path / "out", found).tobytes()


def test_folder_is_read_to_any_depth_in_the_order_of_names(tmp_path: Path) -> None:
    """The output folder may lie inside: what was extracted is not extracted again; links are not followed."""
    game = tmp_path / "game"
    for number, place in enumerate(["z.png", "a/b/c.png", "a/a.png"]):
        (game / place).parent.mkdir(parents=True, exist_ok=True)
        (game / place).write_bytes(png(number))
    (game / "readme.txt").write_text("no texture")
    (game / "link.png").symlink_to(game / "z.png")

    first, again = (extracted(game, game / "out") for _ in range(2))

    assert [item.asset_id for item in textures(first)] == ["game/a/a.png", "game/a/b/c.png", "game/z.png"]
    assert first == again
    assert [Unrelated("game/readme.txt", ".txt")] == [item for item in first if isinstance(item, Unrelated)]
    assert [item.what for item in skipped(first)] == ["game/link.png"]


def test_samples_are_extracted_and_make_the_archives_again(tmp_path: Path) -> None:
    """All samples come out whole; their archives are what make_archives makes of what comes out of them."""
    items = extracted(SAMPLES, tmp_path / "out")

    assert skipped(items) == []
    assert len(textures(items)) >= 50
    assert len({item.sha256 for item in textures(items)}) == len(textures(items))

    (tmp_path / "again" / "archives").mkdir(parents=True)
    make_archives(tmp_path / "out" / "samples", tmp_path / "again" / "archives")
    again = textures(extracted(tmp_path / "again" / "archives", tmp_path / "out-again"))
    from_archives = [item for item in textures(items) if "/archives/" in item.asset_id]
    assert [item.sha256 for item in from_archives] == [item.sha256 for item in again]
    assert {"Texture2D", "Sprite", "image"} == {item.source_type for item in again}
