"""Texture files that hold several pictures give every one of them, and none in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit.imaging.making import COLOURS, HEIGHT, WIDTH, channels, dds, mosaic
from tests.unit.producer.making import extracted, pixels, skipped, textures, zip_of


def test_every_side_layer_and_slice_is_a_texture_of_its_own(tmp_path: Path) -> None:
    """A cube map of three mipmaps, an array of two layers and a volume of four slices, also inside a zip."""
    parts = [mosaic(COLOURS[at:] + COLOURS[:at]) for at in range(6)]
    with_mipmaps = [channels(part, "rgba", "u8") + bytes(WIDTH * HEIGHT + WIDTH * HEIGHT // 4) for part in parts]
    slices = b"".join(channels(part, "rgba", "u8") for part in parts[:4])
    array = bytearray(dds(b"".join(with_mipmaps[:2]), dxgi=28, mipmaps=3))
    array[140:144] = (2).to_bytes(4, "little")
    volume = bytearray(dds(slices, dxgi=28))
    volume[24:28], volume[132:136] = (4).to_bytes(4, "little"), (4).to_bytes(4, "little")
    files = {
        "cube.dds": (dds(b"".join(with_mipmaps), dxgi=28, misc=4, mipmaps=3), 6),
        "array.dds": (bytes(array), 2),
        "volume.dds": (bytes(volume), 4),
    }
    folder = tmp_path / "loose"
    folder.mkdir()
    for name, (data, _) in files.items():
        (folder / name).write_bytes(data)
    archive = zip_of(tmp_path / "packed.zip", [(name, data) for name, (data, _) in files.items()])

    found = {item.asset_id: item for item in textures(extracted([folder, archive], tmp_path / "out"))}

    for place in ("loose", "packed.zip"):
        for name, (_, count) in files.items():
            for number in range(count):
                item = found.pop(f"{place}/{name}/{number}")
                assert (item.name, item.container_path) == (name[:-4], f"{name}/{number}")
                assert str(item.file) == f"{place}/{name}/{number}.png"
                assert np.array_equal(np.asarray(pixels(tmp_path / "out", item)), parts[number])
    assert not found


def test_a_file_that_claims_to_hold_too_many_pictures_is_refused(tmp_path: Path) -> None:
    data = bytearray(dds(bytes(WIDTH * HEIGHT * 4), dxgi=28))
    data[140:144] = b"\xff" * 4
    (tmp_path / "many.dds").write_bytes(data)
    archive = zip_of(tmp_path / "many.zip", [("many.dds", bytes(data))])

    left = skipped(extracted([tmp_path / "many.dds", archive], tmp_path / "out"))

    assert len(left) == 2
    assert all("claims to hold 4294967295 pictures" in item.reason for item in left)


def test_a_cube_whose_array_size_counts_its_sides_is_one_cube(tmp_path: Path) -> None:
    """As some writers have it; six cubes, whose pixels are all there, are six."""
    parts = [mosaic(COLOURS[at:] + COLOURS[:at]) for at in range(6)]
    sides = b"".join(channels(part, "rgba", "u8") for part in parts)
    for cubes in (1, 6):
        data = bytearray(dds(sides * cubes, dxgi=28, misc=4))
        data[140:144] = (6).to_bytes(4, "little")
        (tmp_path / f"{cubes}.dds").write_bytes(data)

        found = textures(extracted(tmp_path / f"{cubes}.dds", tmp_path / f"out{cubes}"))

        assert len(found) == 6 * cubes
        assert np.array_equal(np.asarray(pixels(tmp_path / f"out{cubes}", found[-1])), parts[5])
