"""What belongs together lies in several files of a build: alpha and its texture, a sprite and its atlas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samples.unity_bundle import bundle_of, serialized_file
from tests.unit.producer.making import extracted
from tests.unit.producer.test_unity_builds import ATLAS, ATLAS_FILE, BOX, CROP, ICONS, check
from tests.unit.producer.unity_making import (
    MATERIAL,
    SPRITE,
    TEXTURE,
    cut,
    drawn,
    material,
    reasons,
    rgb,
    shades,
    written,
)

ATLAS_CLASS = 687078895


@pytest.mark.parametrize("late", [False, True], ids=["the sprite names it", "it is bound while the game runs"])
def test_a_sprite_is_found_in_an_atlas_of_another_bundle(late: bool, tmp_path: Path) -> None:
    """The atlas says where the sprite lies, in a texture of a third bundle; the sprite may know nothing of it."""
    pages = "CAB-" + "3c" * 16
    key = ({f"data[{number}]": number for number in range(4)}, 21)
    place = {"x": 2.0, "y": 1.0, "width": 8.0, "height": 4.0}
    nothing = {"x": 0.0, "y": 0.0}
    placed = {
        "texture": {"m_FileID": 1, "m_PathID": 5},
        "alphaTexture": {"m_FileID": 0, "m_PathID": 0},
        "textureRect": place,
        "textureRectOffset": nothing,
        "atlasRectOffset": nothing,
        "uvTransform": {**nothing, "z": 0.0, "w": 0.0},
        "downscaleMultiplier": 1.0,
        "settingsRaw": 0b11,
    }
    atlas = {"m_Name": "icons", "m_RenderDataMap": [(key, placed)]}
    fields = cut("icon", 0, 0, BOX) | {
        "m_RenderDataKey": key,
        "m_AtlasTags": ["icons"],
        "m_SpriteAtlas": {"m_FileID": 0, "m_PathID": 0} if late else {"m_FileID": 1, "m_PathID": 9},
    }
    files = {
        "pages": bundle_of({pages: ATLAS_FILE}),
        "atlas": bundle_of({ATLAS: serialized_file([(9, ATLAS_CLASS, atlas)], [f"archive:/{pages}/{pages}"])}),
        "icons": bundle_of({ICONS: serialized_file([(7, SPRITE, fields)], [f"archive:/{ATLAS}/{ATLAS}"])}),
    }
    items = extracted(written(tmp_path / "game", files), tmp_path / "out")
    assert reasons(items) == {}
    np.testing.assert_array_equal(drawn(items, tmp_path / "out")["game/icons/sprites/icon"], CROP)


def test_alpha_goes_where_materials_of_other_files_point(tmp_path: Path) -> None:
    """Base, alpha and material each lie in a file of their own; twins of one name lie in others."""
    files: dict[str, bytes] = {}
    for number in (1, 2):
        base, alpha = shades(number), np.dstack([shades(number + 2)[..., :1]] * 3)
        cabs = [f"CAB-{number}{kind}" for kind in "abc"]
        pointing = material("hero", _MainTex=(1, 5), _AlphaTex=(2, 6))
        outside = [f"archive:/{cab}/{cab}" for cab in cabs[:2]]
        files |= {
            f"{number}/base": bundle_of({cabs[0]: serialized_file([(5, TEXTURE, rgb("hero", base))])}),
            f"{number}/alpha": bundle_of({cabs[1]: serialized_file([(6, TEXTURE, rgb("hero_a", alpha))])}),
            f"{number}/material": bundle_of({cabs[2]: serialized_file([(7, MATERIAL, pointing)], outside)}),
        }

    items = extracted(written(tmp_path / "game", files), tmp_path / "out")

    wanted = {f"{n}/base/hero": np.dstack([shades(n)[..., :3], shades(n + 2)[..., :1]]) for n in (1, 2)}
    check(drawn(items, tmp_path / "out"), "game", wanted)


def test_alpha_in_a_file_that_was_not_named_is_told_of(tmp_path: Path) -> None:
    """That of Unity's own textures is none."""
    outside = ["archive:/CAB-9/CAB-9", "Library/unity default resources"]
    things = [
        (5, TEXTURE, rgb("hero", shades(1))),
        (6, TEXTURE, rgb("rock", shades(2))),
        (7, MATERIAL, material("hero", _MainTex=5, _AlphaTex=(1, 6))),
        (8, MATERIAL, material("rock", _MainTex=6, _AlphaTex=(2, 10))),
    ]
    game = written(tmp_path / "game", {"level0": serialized_file(things, outside)})
    items = extracted(game / "level0", tmp_path / "out")
    check(drawn(items, tmp_path / "out"), "level0", {"hero": shades(1), "rock": shades(2)})
    assert list(reasons(items)) == ["level0: the alpha of hero"]
    assert "cab-9 is not among the files that were named" in reasons(items)["level0: the alpha of hero"]


def test_alpha_is_found_by_name_in_another_file_where_no_two_could_be_meant(tmp_path: Path) -> None:
    alpha = np.dstack([shades(9)[..., :1]] * 3)
    files = {
        "bases": serialized_file([(1, TEXTURE, rgb("lone", shades(1))), (2, TEXTURE, rgb("twin", shades(2)))]),
        "more": serialized_file([(1, TEXTURE, rgb("twin", shades(3)))]),
        "alphas": serialized_file([(1, TEXTURE, rgb("lone[alpha]", alpha)), (2, TEXTURE, rgb("twin[alpha]", alpha))]),
    }
    items = extracted(written(tmp_path / "game", files), tmp_path / "out")
    wanted = {
        "bases/lone": np.dstack([shades(1)[..., :3], alpha[..., :1]]),
        "bases/twin": shades(2),
        "more/twin": shades(3),
        "alphas/twin[alpha]": np.dstack([alpha, np.full((8, 16, 1), 255, np.uint8)]),
    }
    check(drawn(items, tmp_path / "out"), "game", wanted)
