"""Archives that want to do harm, or are broken: one clear sentence, and nothing is taken down."""

from __future__ import annotations

import os
import signal
import struct
import tarfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from producer_tools.extraction.extract import extract, parser_limits
from producer_tools.extraction.parser import ParsedTexture, Parser
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.settings import ExtractSettings
from samples.unity_bundle import serialized_file
from tests.unit.producer.making import (
    SAMPLES,
    extracted,
    files_below,
    package_of,
    png,
    skipped,
    textures,
    zip_link,
    zip_of,
)

_MIB = 1024 * 1024


def _giant_png(width: int, height: int) -> bytes:
    """Return a PNG whose header says so many pixels, with none of them in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_links_in_archives_are_not_followed(tmp_path: Path) -> None:
    """Symbolic and hard links and devices are left out, with the reason; what stands beside them is extracted."""
    archive = zip_of(tmp_path / "links.zip", [zip_link("passwd.png", "/etc/passwd"), ("good.png", png())])
    link = tarfile.TarInfo("aa/asset")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard = tarfile.TarInfo("ab/asset")
    hard.type, hard.linkname = tarfile.LNKTYPE, "/etc/passwd"
    device = tarfile.TarInfo("ac/asset")
    device.type = tarfile.CHRTYPE
    package = package_of(tmp_path / "links.unitypackage", [("Assets/good.png", png())], [link, hard, device])

    items = extracted([archive, package], tmp_path / "out")

    assert [item.asset_id for item in textures(items)] == ["links.zip/good.png", "links.unitypackage/Assets/good.png"]
    assert [item.what for item in skipped(items)] == ["links.zip: passwd.png"]
    assert "is a link" in skipped(items)[0].reason


def test_link_that_lies_in_the_output_folder_leads_nowhere(tmp_path: Path) -> None:
    """A link put there beforehand does not make us write elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.zip").symlink_to(outside)
    archive = zip_of(tmp_path / "a.zip", [("x.png", png())])

    with pytest.raises(Exception, match="leads out of"):
        extracted(archive, tmp_path / "out")

    assert set() == files_below(outside)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    """A member too large or packed too densely is left out; an image too large is not decoded."""
    members = [
        ("dense.tga", bytes(17 * _MIB)),
        ("large.tga", os.urandom(64) * 340_000),
        ("pixels.png", _giant_png(60_000, 60_000)),
        ("good.png", png()),
    ]
    archive = zip_of(tmp_path / "bomb.zip", members)

    items = extracted(archive, tmp_path / "out", max_member_bytes=20 * _MIB)

    reasons = {item.what.partition(": ")[2]: item.reason for item in skipped(items)}
    assert [item.asset_id for item in textures(items)] == ["bomb.zip/good.png"]
    assert {"dense.tga", "large.tga", "pixels.png"} == set(reasons)
    assert "decompression bombs" in reasons["dense.tga"]
    assert "at most 20 MiB" in reasons["large.tga"]
    assert "60000 by 60000 pixels" in reasons["pixels.png"]


@pytest.mark.parametrize(
    ("settings", "names"),
    [({"max_members": 2}, "AEGIS_EXTRACT_MAX_MEMBERS"), ({"max_total_bytes": 100}, "AEGIS_EXTRACT_MAX_TOTAL_BYTES")],
)
def test_archive_beyond_a_limit_is_refused_by_the_limit_s_name(
    settings: dict[str, int], names: str, tmp_path: Path
) -> None:
    members = [(f"{number}.png", png(number)) for number in range(3)]
    archives = [zip_of(tmp_path / "big.zip", members), package_of(tmp_path / "big.unitypackage", members)]

    items = extracted(archives, tmp_path / "out", **settings)

    assert textures(items) == []
    assert [names in item.reason and item.fatal for item in skipped(items)] == [True, True]


def test_member_that_lies_about_its_size(tmp_path: Path) -> None:
    """More is unpacked than the directory states: the member is damaged, whatever it would grow to."""
    archive = zip_of(tmp_path / "liar.zip", [("a.png", png() + bytes(1000))])
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", data, data.index(signature) + offset, 10)
    archive.write_bytes(data)

    (left,) = extracted(archive, tmp_path / "out")

    assert "cannot be unpacked" in skipped([left])[0].reason


def test_encrypted_member_is_left_out(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "secret.zip", [("a.png", png())])
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)

    (left,) = extracted(archive, tmp_path / "out")

    assert (skipped([left])[0].what, skipped([left])[0].reason) == (
        "secret.zip: a.png",
        "is encrypted: unpack the archive and extract the folder",
    )


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("name", ["sample.zip", "sample.unitypackage", "sample.unity3d"])
def test_truncated_archive_is_refused_in_one_sentence(name: str, share: float, tmp_path: Path) -> None:
    """However much of it is there; nothing of it is left in the output folder but whole PNGs."""
    whole = (SAMPLES / "archives" / name).read_bytes()
    cut = tmp_path / name
    cut.write_bytes(whole[: int(len(whole) * share)])

    *_, last = extracted(cut, tmp_path / "out")

    (refused,) = skipped([last])
    assert refused.fatal
    assert "\n" not in refused.sentence
    assert refused.sentence.startswith(f"{name} cannot be extracted: it is damaged")


def test_unity_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """The name alone makes no archive; to extract nothing without a word would hide the damage."""
    fake = tmp_path / "level.assets"
    fake.write_bytes(os.urandom(500))

    (refused,) = skipped(extracted(fake, tmp_path / "out"))

    assert refused.sentence == "level.assets cannot be extracted: it is damaged or not a Unity file."


@pytest.mark.parametrize("crash", [signal.SIGABRT, signal.SIGSEGV])
def test_file_that_crashes_the_native_parser_is_refused_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash: signal.Signals
) -> None:
    """A UnityPy of this test's own ends its process as an assertion or a stray pointer in native code would."""
    standin = tmp_path / "standin" / "UnityPy"
    standin.mkdir(parents=True)
    (standin / "__init__.py").write_text(f"import os\nos.kill(os.getpid(), {crash.value})\n")
    # The child looks for modules where we do.
    monkeypatch.syspath_prepend(standin.parent)
    fine = tmp_path / "fine.png"
    fine.write_bytes(png(1))

    outcomes = extracted([SAMPLES / "archives" / "sample.unity3d", fine], tmp_path / "out")

    (refused,) = skipped(outcomes)
    assert refused.what.endswith("sample.unity3d")
    assert refused.reason.startswith(f"the process that parsed it crashed (signal {crash.value}): it is damaged, or")
    assert len(textures(outcomes)) == 1


@pytest.mark.parametrize("call", [1, 4, 9])
def test_object_that_crashes_native_code_takes_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """The rest of the file is read without that code: each texture once, and each as it is otherwise.

    At its CALLth object UnityPy's C code ends its process, as it does of some damaged files.
    """
    sample = SAMPLES / "archives" / "sample.unity3d"
    whole = {item.asset_id: item.sha256 for item in textures(extracted(sample, tmp_path / "whole"))}
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal\n"
        "from UnityPy.helpers import TypeTreeHelper\n"
        "native, calls = TypeTreeHelper.read_typetree_boost, []\n"
        "def crash(*arguments):\n"
        "    calls.append(1)\n"
        f"    if len(calls) == {call}:\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    return native(*arguments)\n"
        "TypeTreeHelper.read_typetree_boost = crash\n"
    )
    # The child looks for modules where we do.
    monkeypatch.syspath_prepend(tmp_path)

    outcomes = extracted(sample, tmp_path / "out")

    found = textures(outcomes)
    assert skipped(outcomes) == []
    assert {item.asset_id: item.sha256 for item in found} == whole
    assert len(found) == len(whole) > 1


def test_parser_that_is_killed_loses_one_archive(tmp_path: Path) -> None:
    """The textures that came before stay good, and the next file is parsed by a new process."""
    archive = zip_of(tmp_path / "many.zip", [(f"{number:04d}.png", png(number)) for number in range(2000)])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with Parser(parser_limits(ExtractSettings()), scratch) as parser:
        found = parser.read(archive, Kind.ZIP)
        first = next(found)
        assert parser._child is not None
        os.kill(parser._child.pid, signal.SIGKILL)
        with pytest.raises(Exception, match="the process that parsed it was ended \\(signal 9\\)"):
            list(found)
        again = parser.read(archive, Kind.ZIP)
        new = next(again)
        assert isinstance(first, ParsedTexture)
        assert isinstance(new, ParsedTexture)
        assert first.found == new.found
        again.close()

    assert list(scratch.iterdir()) == []


def test_archive_that_hangs_is_given_up(tmp_path: Path) -> None:
    """A pipe that nobody writes to stands for a parser that never ends."""
    pipe = tmp_path / "endless.zip"
    os.mkfifo(pipe)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    limits = parser_limits(ExtractSettings(idle_seconds=1.5))
    with Parser(limits, scratch) as parser, pytest.raises(Exception, match=r"made no progress in 1.5 s"):
        list(parser.read(pipe, Kind.ZIP))


def test_texture_that_needs_too_much_memory_is_left_out(tmp_path: Path) -> None:
    """The child's address space is bounded; the textures around the greedy one are extracted."""
    game = tmp_path / "game"
    game.mkdir()
    Image.new("RGB", (8000, 8000)).save(game / "large.png", compress_level=1)
    Image.new("RGB", (8000, 8000)).save(game / "large[alpha].png", compress_level=1)
    (game / "small.png").write_bytes(png())

    items = extracted(game, tmp_path / "out", memory_bytes=512 * _MIB)

    (left,) = skipped(items)
    assert left.what == "game/large.png"
    assert "AEGIS_EXTRACT_MEMORY_BYTES" in left.reason
    assert [item.asset_id for item in textures(items)] == ["game/small.png"]


def test_hostile_unity_file_reads_no_other_file(tmp_path: Path) -> None:
    """Texture data may lie in another file, and that file's path is the archive's to choose: never outside."""
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\x42" * 12)
    game = tmp_path / "game"
    game.mkdir()
    fields = {
        "m_Name": "stolen",
        "m_Width": 2,
        "m_Height": 2,
        "m_CompleteImageSize": 12,
        "m_TextureFormat": 3,
        "m_MipCount": 1,
        "m_ImageCount": 1,
        "m_TextureDimension": 2,
        "m_StreamData": {"offset": 0, "size": 12, "path": str(secret)},
    }
    (game / "evil.assets").write_bytes(serialized_file([(1, 28, fields)]))

    items = extracted(game / "evil.assets", tmp_path / "out")

    assert textures(items) == []
    assert [item.what for item in skipped(items)] == ["evil.assets: stolen"]


def test_a_unity_file_whose_type_names_are_no_utf8_is_damaged_and_no_more(tmp_path: Path) -> None:
    """UnityPy alone ends its process on it."""
    data = bytearray(serialized_file([(1, 28, {"m_Name": "x"})]))
    at = data.index(b"m_CompleteImageSize")
    data[at] = 0xFF
    (tmp_path / "level.assets").write_bytes(data)

    outcomes = extracted(tmp_path / "level.assets", tmp_path / "out")

    assert textures(outcomes) == []
    assert not any("crashed" in item.reason for item in skipped(outcomes))


def test_extraction_that_is_left_early_leaves_no_scratch_files(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "many.zip", [(f"{number}.png", png(number)) for number in range(20)])
    found = extract([archive], tmp_path / "out", ExtractSettings())

    next(found)
    found.close()

    assert {"many.zip/0.png"} == files_below(tmp_path / "out")
    assert [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []


def test_child_gets_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that parses hostile files does not know our passwords."""
    monkeypatch.setenv("AEGIS_S3_SECRET_KEY", "s3cret")
    with Parser(parser_limits(ExtractSettings()), tmp_path) as parser:
        found = parser.read(zip_of(tmp_path / "a.zip", [("a.png", png()), ("b.png", png(1))]), Kind.ZIP)
        next(found)
        assert parser._child is not None
        environment = Path(f"/proc/{parser._child.pid}/environ").read_bytes()
        found.close()

    assert b"PATH=" in environment
    assert b"s3cret" not in environment
