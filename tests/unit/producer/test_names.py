"""Names of hostile archives: whatever they are, files lie below the output folder, each by itself."""

from __future__ import annotations

import tempfile
import unicodedata
from pathlib import Path, PureWindowsPath

from hypothesis import example, given, settings
from hypothesis import strategies as st

from producer_tools.extraction.names import MAX_ASSET_ID_CHARS, AssetIds, OutputNames
from tests.unit.producer.making import extracted, files_below, package_of, png, textures, zip_of

_HOSTILE = (
    "../../etc/passwd.png",
    "/etc/passwd.png",
    "..\\..\\windows\\system32.png",
    "C:\\windows\\evil.png",
    "C:evil.png",
    "\\\\server\\share\\evil.png",
    "a\0b.png",
    "\0",
    "CON.png",
    "aux",
    "nul.tar.png",
    "com1.png",
    "CONIN$.png",
    ".png",
    "...",
    ". ./ .png",
    "trailing. /dot..png",
    "x" * 700 + ".png",
    "/".join(["deep"] * 150) + ".png",
    "Case.png",
    "case.png",
    "CASE.PNG",
    "Folder.png/x.png",
    "folder.PNG",
    "cafe\u0301.png",
    "caf\u00e9.png",
    "stra\u00dfe.png",
    "strasse.png",
    "right\u202eto\u2066left.png",
    "-rf.png",
    "~root.png",
    "a\nb\r\tc\x1b[31m.png",
    "\ud800.png",
    "a:stream.png",
    'what?*<>|".png',
    "~2.png",
    "same.png",
    "same.png",
    "same~2.png",
)
_ALPHABET = st.one_of(
    st.characters(),
    st.sampled_from('./\\:~ \0"<>|?*'),
    st.sampled_from(["..", "con", ".png", "é", "e\u0301", "ß", "ss"]),
)
_NAMES = st.lists(st.lists(_ALPHABET, max_size=12).map("".join) | st.sampled_from(_HOSTILE), max_size=12)
_RESERVED_ON_WINDOWS = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"
}


def _ids(names: list[str]) -> list[str]:
    ids = AssetIds()
    return [ids.assign("", "archive.zip", name) for name in names]


@given(_NAMES)
@example(list(_HOSTILE))
def test_asset_ids_are_valid_and_no_two_are_equal(names: list[str]) -> None:
    """And the same names have the same ids in the next extraction."""
    given_ids = _ids(names)

    assert given_ids == _ids(names)
    assert len(set(given_ids)) == len(names)
    for asset_id in given_ids:
        assert 1 <= len(asset_id) <= MAX_ASSET_ID_CHARS
        assert not any(unicodedata.category(char) == "Cc" for char in asset_id)
        asset_id.encode()


@given(_NAMES)
@example(list(_HOSTILE))
def test_paths_are_safe_on_every_system(names: list[str]) -> None:
    """No path climbs, is absolute, hidden or reserved, or equals another where case is folded."""
    paths = OutputNames()
    given_paths = [paths.assign(asset_id) for asset_id in _ids(names)]

    folded = {unicodedata.normalize("NFC", str(path).casefold()) for path in given_paths}
    assert len(folded) == len(names)
    for path in given_paths:
        assert not path.is_absolute()
        assert path.suffix == ".png"
        windows = PureWindowsPath(path)
        assert not windows.drive
        assert not windows.root
        for part in path.parts:
            assert part not in {"", ".", ".."}
            assert not part.startswith((".", " "))
            assert not part.endswith((".", " "))
            assert part.split(".")[0].rstrip().lower() not in _RESERVED_ON_WINDOWS
            assert len(part.encode()) <= 200
            assert not set(part) & set('<>:"|?*\\/')
            assert not any(unicodedata.category(char)[0] == "C" for char in part)
        assert not any(folder.endswith(".png") for folder in (part.lower() for part in path.parts[:-1]))


@settings(max_examples=5)
@given(_NAMES.filter(bool))
@example(list(_HOSTILE))
@example(["\r"])
def test_extraction_stays_below_its_folder(names: list[str]) -> None:
    """The whole way, through a zip and a package: every texture is written, and nothing beside the folder."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "in").mkdir()
        storable = [name.encode(errors="replace").decode()[:800] + "x.png" for name in names]
        data = png()
        zip_of(root / "in" / "hostile.zip", [(name, data) for name in storable])
        package_of(root / "in" / "hostile.unitypackage", [(name, data) for name in storable])
        before = files_below(root)

        found = textures(extracted(root / "in", root / "deep" / "out"))

        assert {f"deep/out/{item.file}" for item in found} == files_below(root) - before
        assert len({item.file for item in found}) == len(found)
        # A zip's member name ends at a NUL, a package's pathname at its first line: what is left may be no image's.
        in_zip = sum("\0" not in name for name in storable)
        in_package = sum(not {"\r", "\n"} & set(name) for name in storable)
        assert in_zip + in_package <= len(found) <= 2 * len(names)
