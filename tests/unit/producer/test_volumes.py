"""Archives that are cut into volumes: not joined, and named as what they are."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from producer_tools.errors import InputError
from tests.unit.producer.making import extracted, png, skipped, textures
from tests.unit.producer.test_containers import seven_zip_of, tar_of

MEMBERS = [("a.png", png(1)), ("b.png", png(2))]


def zipped() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in MEMBERS:
            archive.writestr(name, data)
    return written.getvalue()


@pytest.mark.parametrize(
    ("whole", "data"), [("art.zip", zipped()), ("art.7z", seven_zip_of(MEMBERS)), ("art.tar", tar_of(MEMBERS))]
)
def test_the_volumes_of_an_archive_name_their_whole(whole: str, data: bytes, tmp_path: Path) -> None:
    """The first of them begins as the whole does, and is none."""
    game = tmp_path / "game"
    game.mkdir()
    half = len(data) // 2
    (game / f"{whole}.001").write_bytes(data[:half])
    (game / f"{whole}.002").write_bytes(data[half:])

    items = extracted([game], tmp_path / "out")

    assert textures(items) == []
    reasons = {item.what: item.reason for item in skipped(items)}
    assert set(reasons) == {f"game/{whole}.001", f"game/{whole}.002"}
    assert all(f"is a volume of {whole}" in reason and "7-Zip" in reason for reason in reasons.values())
    with pytest.raises(InputError, match=rf"is a volume of {whole}"):
        extracted([game / f"{whole}.001"], tmp_path / "out")


def test_a_zip_of_several_disks_says_so_of_each_member(tmp_path: Path) -> None:
    """Its last volume alone is called .zip, and lists what lies in all of them."""
    data = bytearray(zipped())
    entry = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<H", data, entry + 34, 1)
    (tmp_path / "art.zip").write_bytes(data)
    (tmp_path / "art.z01").write_bytes(b"PK\x07\x08" + bytes(99))

    items = extracted([tmp_path], tmp_path / "out")

    assert textures(items) == []
    reasons = {item.what.rpartition("/")[2]: item.reason for item in skipped(items)}
    assert set(reasons) == {"art.z01", "art.zip: a.png", "art.zip: b.png"}
    assert "is a volume of art.zip" in reasons["art.z01"]
    assert "volume 2 of an archive of several" in reasons["art.zip: b.png"]
