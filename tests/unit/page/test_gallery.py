"""What the tiles of a gallery say."""

from __future__ import annotations

import pytest

from consumer.gateway.page.gallery import shown_name


@pytest.mark.parametrize(
    ("asset_id", "name"),
    [
        ("game/items/sword_01.png", "sword_01.png"),
        ("game/W96_2", "W96_2"),
        ("game/units/frigate/idle/90/0.png", "idle/90/0.png"),
        ("game/walk/007.tga", "walk/007.tga"),
        ("12/34.png", "12/34.png"),
        ("game/.png", ".png"),
        ("game/剣.png", "剣.png"),
    ],
)
def test_a_numbered_frame_is_called_with_what_it_is_a_frame_of(asset_id: str, name: str) -> None:
    assert shown_name(asset_id) == name
