"""Sheets are cut into their sprites, upright and whole, whichever program packed them, and stay textures too."""

from __future__ import annotations

import io
import json
import plistlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.unit.producer.making import encoded, extracted, picture, pixels, skipped, textures, zip_of
from tests.unit.producer.test_containers import tar_of

HERO, TREE = picture(1, "RGBA", (10, 6)), picture(2, "RGBA", (8, 12))
# The tree was 20 by 16, its pixels five from the left and three from the top.
WHOLE_TREE = Image.new("RGBA", (20, 16))
WHOLE_TREE.paste(TREE, (5, 3))


def sheet(turn: Image.Transpose) -> bytes:
    """Return a sheet with the hero as it is at 2, 1, and the tree turned at 14, 3."""
    whole = Image.new("RGBA", (32, 16))
    whole.paste(HERO, (2, 1))
    whole.paste(TREE.transpose(turn), (14, 3))
    return encoded(whole, "png")


CLOCKWISE, COUNTER = sheet(Image.Transpose.ROTATE_270), sheet(Image.Transpose.ROTATE_90)


def rectangle(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


_FRAMES: dict[str, Any] = {
    "hero": {"frame": rectangle(2, 1, 10, 6), "rotated": False},
    "tree": {
        "frame": rectangle(14, 3, 8, 12),
        "rotated": True,
        "spriteSourceSize": rectangle(5, 3, 8, 12),
        "sourceSize": {"w": 20, "h": 16},
    },
}
_ARRAY = [{"filename": name} | frame for name, frame in _FRAMES.items()]
# In Cocos' property lists offsets are of the middles: 9 of 10, and 9 of 8 from the top, upwards.
_PLIST_2 = {
    "frames": {
        "hero": {"frame": "{{2,1},{10,6}}", "offset": "{0,0}", "rotated": False, "sourceSize": "{10,6}"},
        "tree": {"frame": "{{14,3},{8,12}}", "offset": "{-1,-1}", "rotated": True, "sourceSize": "{20,16}"},
    },
    "metadata": {"format": 2, "textureFileName": "sheet.png"},
}
_PLIST_3 = {
    "frames": {
        "hero": {"textureRect": "{{2,1},{10,6}}", "spriteOffset": "{0,0}", "spriteSourceSize": "{10,6}"},
        "tree": {
            "textureRect": "{{14,3},{8,12}}",
            "spriteOffset": "{-1,-1}",
            "spriteSourceSize": "{20,16}",
            "textureRotated": True,
        },
    },
    "metadata": {"format": 3, "realTextureFileName": "sheet.png"},
}
_OLD = """
sheet.png
size: 32,16
format: RGBA8888
filter: Nearest,Nearest
repeat: none
hero
  rotate: false
  xy: 2, 1
  size: 10, 6
  orig: 10, 6
  offset: 0, 0
  index: -1
tree
  rotate: true
  xy: 14, 3
  size: 8, 12
  orig: 20, 16
  offset: 5, 1
  index: -1
"""
_NEW = """sheet.png
size:32,16
filter:Linear,Linear
hero
bounds:2,1,10,6
tree
bounds:14,3,8,12
offsets:5,1,20,16
rotate:90
"""
# Starling's sizes are those in the sheet, and its frames begin at what was trimmed off.
_XML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Made here -->
<TextureAtlas imagePath="sheet.png">
    <SubTexture name="hero" x="2" y="1" width="10" height="6"/>
    <SubTexture name="tree" x="14" y="3" width="12" height="8" rotated="true"
        frameX="-5" frameY="-3" frameWidth="20" frameHeight="16"/>
</TextureAtlas>
"""
ATLASES = {
    "starling.xml": (_XML.encode(), CLOCKWISE),
    "hash.json": (json.dumps({"frames": _FRAMES, "meta": {"image": "sheet.png"}}).encode(), CLOCKWISE),
    "array.json": (json.dumps({"frames": _ARRAY, "meta": {"image": "sheet.png"}}).encode(), CLOCKWISE),
    "several.json": (json.dumps({"textures": [{"image": "sheet.png", "frames": _ARRAY}]}).encode(), CLOCKWISE),
    "two.plist": (plistlib.dumps(_PLIST_2), CLOCKWISE),
    "three.plist": (plistlib.dumps(_PLIST_3), CLOCKWISE),
    "old.atlas": (_OLD.encode(), COUNTER),
    "new.atlas": (_NEW.encode(), COUNTER),
}


@pytest.mark.parametrize("name", ATLASES)
def test_sprites_come_out_upright_and_whole(name: str, tmp_path: Path) -> None:
    """From a folder, from a zip, and from a tar whose members come one after the other."""
    data, png = ATLASES[name]
    folder = tmp_path / "game"
    folder.mkdir()
    (folder / name).write_bytes(data)
    (folder / "sheet.png").write_bytes(png)
    members = [(f"gfx/{name}", data), ("gfx/sheet.png", png)]
    archive = zip_of(tmp_path / "game.zip", members)
    (tmp_path / "game.tar").write_bytes(tar_of(members))

    items = extracted([folder, archive, tmp_path / "game.tar"], tmp_path / "out")

    assert skipped(items) == []
    found = {item.asset_id: item for item in textures(items)}
    for place in ("game", "game.zip/gfx", "game.tar/gfx"):
        hero, tree = found.pop(f"{place}/{name}/hero"), found.pop(f"{place}/{name}/tree")
        assert (hero.source_type, hero.name) == ("Sprite", "hero")
        assert np.array_equal(np.asarray(pixels(tmp_path / "out", hero)), np.asarray(HERO))
        wanted = np.asarray(WHOLE_TREE)
        assert np.array_equal(np.asarray(pixels(tmp_path / "out", tree)), wanted)
        assert found.pop(f"{place}/sheet.png").source_type == "image"
    assert not found


_MULTIPLIED_PLIST = plistlib.dumps(_PLIST_3 | {"metadata": _PLIST_3["metadata"] | {"premultiplyAlpha": True}})


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("spine.atlas", _NEW.replace("rotate:90\n", "rotate:270\n").replace("filter:", "pma:true\nfilter:").encode()),
        ("cocos.plist", _MULTIPLIED_PLIST),
    ],
)
def test_colours_that_the_atlas_calls_multiplied_are_divided_by_their_alpha(
    name: str, data: bytes, tmp_path: Path
) -> None:
    multiplied = np.array(Image.open(io.BytesIO(CLOCKWISE)))
    multiplied[..., :3] = np.rint(multiplied[..., :3] * (multiplied[..., 3:] / 255))
    (tmp_path / name).write_bytes(data)
    (tmp_path / "sheet.png").write_bytes(encoded(Image.fromarray(multiplied), "png"))

    found = {item.name: item for item in textures(extracted([tmp_path / name], tmp_path / "out"))}

    for sprite, wanted in (("hero", HERO), ("tree", WHOLE_TREE)):
        ours, theirs = (np.asarray(image).astype(int) for image in (pixels(tmp_path / "out", found[sprite]), wanted))
        # What is nearly transparent has few levels left.
        visible = theirs[..., 3] >= 64
        assert visible.any()
        assert np.abs(ours - theirs)[visible].max() <= 4
        np.testing.assert_array_equal(ours[..., 3], theirs[..., 3])


@pytest.mark.parametrize("name", ["hash.json", "old.atlas"])
def test_an_atlas_without_its_sheet_says_which_is_missing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(ATLASES[name][0])
    archive = zip_of(tmp_path / "game.zip", [(name, ATLASES[name][0])])

    left = skipped(extracted([tmp_path / name, archive], tmp_path / "out"))

    assert len(left) == 2
    assert all("'sheet.png', which is not beside it" in item.reason for item in left)


def test_an_atlas_leads_nowhere_else(tmp_path: Path) -> None:
    """Neither by a path nor by a link."""
    (tmp_path / "secret.png").write_bytes(CLOCKWISE)
    folder = tmp_path / "game"
    folder.mkdir()
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    for number, image in enumerate(("../secret.png", str(tmp_path / "secret.png"), "link.png", "..", "")):
        document = {"frames": _FRAMES, "meta": {"image": image}}
        (folder / f"{number}.json").write_text(json.dumps(document))

    items = extracted(folder, tmp_path / "out")

    assert textures(items) == []
    assert sum("not beside it" in item.reason for item in skipped(items)) == 5


def test_sprites_that_cannot_be_are_left_out_one_by_one(tmp_path: Path) -> None:
    frames = {
        "outside": {"frame": rectangle(30, 0, 10, 6)},
        "empty": {"frame": rectangle(0, 0, 0, 6)},
        "huge": {"frame": rectangle(0, 0, 8, 8), "sourceSize": {"w": 8000, "h": 8000}},
        "hero": {"frame": rectangle(2, 1, 10, 6)},
    }
    (tmp_path / "a.json").write_text(json.dumps({"frames": frames, "meta": {"image": "sheet.png"}}))
    (tmp_path / "sheet.png").write_bytes(CLOCKWISE)

    items = extracted(tmp_path / "a.json", tmp_path / "out")

    assert [item.name for item in textures(items)] == ["hero"]
    reasons = {item.what.rpartition(": ")[2]: item.reason for item in skipped(items)}
    assert "outside of its sheet" in reasons["outside"]
    assert "outside of its sheet" in reasons["empty"]
    assert "many times its sheet" in reasons["huge"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("package.json", b'{"name": "game", "frames": 3}'),
        ("Info.plist", plistlib.dumps({"CFBundleName": "game"})),
        ("notes.atlas", b"a book of maps"),
    ],
)
def test_other_files_of_these_extensions_are_not_atlases(name: str, data: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "game"
    folder.mkdir()
    (folder / name).write_bytes(data)
    items = extracted(folder, tmp_path / "out")
    assert skipped(items) == []
    assert len(items) == 1


@pytest.mark.parametrize(
    "data", [b'{"frames": {"a"', b'{"frames": [], "meta": 3}', b'{"meta": {"image": 7}, "frames": {"a": {}}}']
)
def test_a_damaged_atlas_is_one_sentence(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(data)
    (left,) = skipped(extracted(tmp_path / "a.json", tmp_path / "out"))
    assert "no atlas that can be read" in left.reason


def test_an_atlas_that_declares_what_could_grow_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sheet.png").write_bytes(CLOCKWISE)
    file = tmp_path / "grows.xml"
    file.write_bytes(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + _XML.split("?>")[1].replace("hero", "&b;").encode())

    (left,) = skipped(extracted(file, tmp_path / "out"))

    assert "declares a document type" in left.reason
