"""Archives of every kind that is read: their textures come out, and whatever else they hold is named or counted."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import py7zr
import pytest
from backports import zstd

from producer_tools.extraction.extract import Unrelated
from tests.unit.producer.making import (
    encoded,
    extracted,
    package_of,
    picture,
    pixels,
    png,
    skipped,
    textures,
    zip_link,
    zip_of,
)

Members = Sequence[tuple[str, bytes]]
MEMBERS: Members = [
    ("textures/a.png", png(1, "RGBA")),
    ("objects/ab/ab12", png(2)),
    ("b.tga", encoded(picture(3), "tga")),
    ("step.ogg", b"OggS" + bytes(2000)),
    ("walk.ogg", b"OggS"),
    ("README", b"no texture"),
    ("old.rar", b"Rar!\x1a\x07\x01\x00"),
    ("inner.zip", b"PK\x03\x04" + bytes(26)),
]


def tar_of(members: Members) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return written.getvalue()


def seven_zip_of(members: Members, **options: Any) -> bytes:
    written = io.BytesIO()
    with py7zr.SevenZipFile(written, "w", **options) as archive:
        for name, data in members:
            archive.writestr(data, name)
    return written.getvalue()


def _zip(members: Members) -> bytes:
    path = Path("/dev/shm") / f"doors-{id(members)}.zip"
    try:
        return zip_of(path, members).read_bytes()
    finally:
        path.unlink()


KINDS: dict[str, Callable[[Members], bytes]] = {
    "zip": _zip,
    "tar": tar_of,
    "tar.gz": lambda members: gzip.compress(tar_of(members)),
    "tgz": lambda members: gzip.compress(tar_of(members)),
    "tar.bz2": lambda members: bz2.compress(tar_of(members)),
    "tar.xz": lambda members: lzma.compress(tar_of(members)),
    "tar.zst": lambda members: zstd.compress(tar_of(members)),
    "7z": seven_zip_of,
}


@pytest.mark.parametrize("kind", KINDS)
def test_textures_come_out_and_the_rest_is_accounted_for(kind: str, tmp_path: Path) -> None:
    """A PNG without an extension is known by its first bytes; sounds are counted; archives inside are named."""
    source = tmp_path / f"game.{kind}"
    source.write_bytes(KINDS[kind](MEMBERS))

    items = extracted(source, tmp_path / "out")

    found = {item.asset_id.removeprefix(f"game.{kind}/"): item for item in textures(items)}
    assert {name: seed for seed, name in enumerate(found, 1)} == {"textures/a.png": 1, "objects/ab/ab12": 2, "b.tga": 3}
    for seed, item in enumerate(found.values(), 1):
        assert picture(seed, item.mode).tobytes() == pixels(tmp_path / "out", item).tobytes()
        assert item.container_path == item.asset_id.removeprefix(f"game.{kind}/")
    assert sorted((item.kind, item.count) for item in items if isinstance(item, Unrelated)) == [
        (".ogg", 2),
        ("without extension", 1),
    ]
    left = {item.what: item.reason for item in skipped(items)}
    assert set(left) == {f"game.{kind}: old.rar", f"game.{kind}: inner.zip"}
    assert "RAR archive" in left[f"game.{kind}: old.rar"]
    assert "archive inside an archive" in left[f"game.{kind}: inner.zip"]


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.zst", "7z"])
def test_bombs_are_refused_before_they_unpack(kind: str, tmp_path: Path) -> None:
    """Of a few kilobytes that unpack to many, one texture is too large, and all together are."""
    zeros = [(f"{number}.bmp", bytes(300_000)) for number in range(8)]
    source = tmp_path / f"bomb.{kind}"
    source.write_bytes(KINDS[kind](zeros))

    (whole,) = skipped(extracted(source, tmp_path / "out", max_total_bytes=1_000_000))
    parts = skipped(extracted(source, tmp_path / "out2", max_member_bytes=200_000))
    (many,) = skipped(extracted(source, tmp_path / "out3", max_members=5))

    assert "AEGIS_EXTRACT_MAX_TOTAL_BYTES" in whole.reason
    assert len(parts) == 8
    assert all("at most" in part.reason for part in parts)
    assert "AEGIS_EXTRACT_MAX_MEMBERS" in many.reason


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.xz", "tar.zst", "7z"])
def test_a_damaged_archive_is_one_sentence(kind: str, tmp_path: Path) -> None:
    good = KINDS[kind](MEMBERS)
    source = tmp_path / f"game.{kind}"
    # A tar archive that ends between two members is whole to every reader.
    source.write_bytes(good[: 560 if kind == "tar" else len(good) // 2])

    items = extracted(source, tmp_path / "out")

    assert textures(items) == []
    assert "it is damaged" in skipped(items)[0].reason


def test_an_encrypted_7z_is_named_as_such(tmp_path: Path) -> None:
    source = tmp_path / "secret.7z"
    source.write_bytes(seven_zip_of(MEMBERS, password="open"))

    (left,) = skipped(extracted(source, tmp_path / "out"))

    assert "encrypted" in left.reason


def test_a_7z_whose_list_is_encrypted_is_named_as_such(tmp_path: Path) -> None:
    source = tmp_path / "secret.7z"
    source.write_bytes(seven_zip_of(MEMBERS, password="open", header_encryption=True))

    (left,) = skipped(extracted(source, tmp_path / "out"))

    assert left.reason == "it is encrypted: unpack it and extract the folder"


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (9, "is packed by Deflate64, which is not read: unpack the archive with 7-Zip and extract the folder"),
        (98, "is packed by PPMd, which is not read: unpack the archive with 7-Zip and extract the folder"),
        (99, "is encrypted: unpack the archive and extract the folder"),
        (200, "is packed by method 200, which is not read: unpack the archive with 7-Zip and extract the folder"),
    ],
)
def test_members_packed_in_other_ways_are_named(method: int, words: str, tmp_path: Path) -> None:
    source = zip_of(tmp_path / "game.zip", [("a.png", png())])
    data = bytearray(source.read_bytes())
    for magic, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(magic) + at, method)
    source.write_bytes(data)

    (left,) = skipped(extracted(source, tmp_path / "out"))

    assert (left.what, left.reason) == ("game.zip: a.png", words)


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ("Tür_ße".encode("cp437"), "Tür_ße"),
        ("Tür_ße".encode(), "Tür_ße"),
        ("テクスチャ/壁".encode("cp932"), "テクスチャ/壁"),
        ("über/größe".encode("cp437"), "über/größe"),
        ("café".encode("cp437"), "café"),
    ],
)
def test_names_of_zip_archives_are_read_as_they_were_written(stored: bytes, name: str, tmp_path: Path) -> None:
    """By a PC, by a Macintosh, by Windows in Japan; none of them says which."""
    placeholder = "x" * (len(stored)) + ".png"
    source = zip_of(tmp_path / "game.zip", [(placeholder, png())])
    source.write_bytes(source.read_bytes().replace(placeholder.encode(), stored + b".png"))

    (item,) = textures(extracted(source, tmp_path / "out"))

    assert item.container_path == f"{name}.png"


def test_a_tar_packed_by_lzma_is_read_and_by_others_named(tmp_path: Path) -> None:
    whole = tar_of(MEMBERS)
    (tmp_path / "a.tar.lzma").write_bytes(lzma.compress(whole, format=lzma.FORMAT_ALONE))
    (tmp_path / "b.tar.lz4").write_bytes(b"\x04\x22\x4d\x18" + bytes(40))
    (tmp_path / "c.tar.Z").write_bytes(b"\x1f\x9d" + bytes(40))

    items = extracted([tmp_path / name for name in ("a.tar.lzma", "b.tar.lz4", "c.tar.Z")], tmp_path / "out")

    assert textures(items)
    reasons = {item.what: item.reason for item in skipped(items)}
    assert "packed by LZ4, which is not read: unpack it" in reasons["b.tar.lz4"]
    assert "packed by Unix compress, which is not read: unpack it" in reasons["c.tar.Z"]


def test_links_in_archives_are_not_followed(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        link = tarfile.TarInfo("shadow.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        archive.addfile(link)
    (tmp_path / "links.tar").write_bytes(packed.getvalue())
    zip_of(tmp_path / "links.zip", [zip_link("shadow.png", "/etc/shadow")])

    items = extracted([tmp_path / "links.tar", tmp_path / "links.zip"], tmp_path / "out")

    assert [item.reason for item in skipped(items)] == ["is a link or a device, not a file"] * 2


def test_a_package_written_on_windows_has_its_names(tmp_path: Path) -> None:
    """``pathname`` may end in CRLF, and in a second line that means nothing to us."""
    source = package_of(
        tmp_path / "art.unitypackage",
        [("Assets/Hero.png\r\n00", png(3)), ("Assets/Rock.png\n00", png(4)), ("Assets/Step.wav\r\n00", b"RIFF")],
    )

    items = extracted(source, tmp_path / "out")

    assert [item.container_path for item in textures(items)] == ["Assets/Hero.png", "Assets/Rock.png"]
    assert [(item.kind, item.count) for item in items if isinstance(item, Unrelated)] == [(".wav", 1)]


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "7z", "unitypackage"])
def test_pointers_of_git_lfs_in_an_archive_are_named_as_such(kind: str, tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    members = [("Assets/hero.png", pointer), ("Assets/wall.tga", pointer), ("Assets/tree.png", png(1))]
    source = tmp_path / f"game.{kind}"
    if kind == "unitypackage":
        package_of(source, members)
    else:
        source.write_bytes(KINDS[kind](members))

    items = extracted(source, tmp_path / "out")

    left = {item.what.rpartition("/")[2]: item.reason for item in skipped(items)}
    assert set(left) == {"hero.png", "wall.tga"}
    for reason in left.values():
        assert reason.startswith("is a pointer of Git LFS")
        assert reason.endswith("run git lfs pull, and pack it again")
    assert len(textures(items)) == 1


def test_well_known_formats_that_are_not_read_are_named(tmp_path: Path) -> None:
    """With what to do; a folder says so of each file, and whoever names one himself is told too."""
    folder = tmp_path / "game"
    folder.mkdir()
    for name in ("wall.pvr", "hero.uasset", "data.rar", "sound.ogg"):
        (folder / name).write_bytes(b"....")

    items = extracted(folder, tmp_path / "out")

    left = {item.what: item.reason for item in skipped(items)}
    assert "PowerVR" in left["game/wall.pvr"]
    assert "save it as PNG" in left["game/wall.pvr"]
    assert "FModel" in left["game/hero.uasset"]
    assert "unpack it" in left["game/data.rar"]
    assert [item.what for item in items if isinstance(item, Unrelated)] == ["game/sound.ogg"]
