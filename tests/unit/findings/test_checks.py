"""Each check finds what it is for, and leaves the nearest sound texture alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.findings.making import directions, disc, found, painted, relief, with_alpha

SURFACE = painted()
CUT = with_alpha(SURFACE // 4 + 190, disc(soft=8))
NORMALS = directions(relief(), opengl=True)


@pytest.mark.parametrize(
    ("name", "faulty", "sound"),
    [
        ("grey-as-colour", SURFACE[..., :1].repeat(3, axis=2), SURFACE),
        ("few-colours", SURFACE // 64 * 64, SURFACE),
        ("eight-bits-in-sixteen", SURFACE[..., :1].astype(np.uint16) * 257, SURFACE[..., :1].astype(np.uint16) * 251),
        ("one-colour", np.full((64, 64, 3), 90, np.uint8), SURFACE),
        ("one-colour", np.full((64, 64, 3), 90, np.uint8), np.full((4, 4, 3), 90, np.uint8)),
        ("repeated-content", np.tile(SURFACE, (1, 2, 1)), np.hstack([SURFACE, SURFACE[:, ::-1]])),
        ("alpha-unused", with_alpha(SURFACE, 255), CUT),
        ("alpha-constant", with_alpha(SURFACE, 128), CUT),
        ("all-transparent", with_alpha(SURFACE, 0), CUT),
        ("alpha-nearly-binary", with_alpha(SURFACE, (disc() > 127) * 255), CUT),
        ("wasted-margin", np.pad(with_alpha(SURFACE, 255), ((90, 90), (90, 90), (0, 0))), CUT),
        ("repeated-pixels", SURFACE.repeat(3, 0).repeat(3, 1), SURFACE),
        ("normals-not-unit", (NORMALS * 0.75 + 32).astype(np.uint8), NORMALS),
        ("normal-blue-empty", np.dstack([NORMALS[..., :2], NORMALS[..., :1] * 0]), NORMALS),
        ("normal-undecided", np.full((64, 64, 3), (128, 128, 255), np.uint8), NORMALS),
        ("tiles", np.roll(SURFACE, (64, 64), (0, 1)), SURFACE),
        ("tiles-across", np.roll(SURFACE, 64, 1), SURFACE),
        ("tiles-down", np.roll(SURFACE, 64, 0), SURFACE),
        ("banding", SURFACE >> 4 << 4, SURFACE),
    ],
)
def test_what_pixels_alone_tell(name: str, faulty: np.ndarray, sound: np.ndarray) -> None:
    assert name in found(faulty)
    assert name not in found(sound)


def test_colours_multiplied_by_alpha_are_told_from_straight_ones() -> None:
    multiplied = CUT.copy()
    multiplied[..., :3] = np.round(CUT[..., :3] * (CUT[..., 3:] / 255))

    assert "premultiplied-alpha" in found(multiplied)
    assert "premultiplied-alpha" not in found(CUT)


def test_hidden_black_beside_light_colours_is_a_halo_and_hidden_light_is_none() -> None:
    bled = with_alpha(SURFACE // 2 + 127, (disc() > 127) * 255)
    black = np.where(bled[..., 3:] == 0, 0, bled).astype(np.uint8)

    assert "halo" in found(black)
    assert "halo" not in found(bled)


def test_a_soft_edge_shows_less_of_what_is_hidden_than_a_hard_one() -> None:
    """Of dark grey beside black, filtering along a soft edge draws nothing that is seen."""
    colours, hard, soft = SURFACE // 8 + 90, (disc() > 127) * 255, disc(soft=6)

    def with_black(alpha: np.ndarray) -> np.ndarray:
        return np.where(alpha[..., None] == 0, 0, with_alpha(colours, alpha)).astype(np.uint8)

    assert "halo" in found(with_black(hard))
    assert "halo" not in found(with_black(soft))


def test_detail_that_an_enlarged_picture_lacks_is_missed() -> None:
    wide = np.kron(SURFACE.astype(np.float32), np.ones((2, 2, 1)))
    smooth = np.mean([np.roll(wide, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0)

    assert "oversized" in found(smooth.astype(np.uint8))
    assert "oversized" not in found(SURFACE)


def test_a_fine_frame_is_detail_although_the_picture_in_it_is_soft() -> None:
    wide = np.kron(SURFACE.astype(np.float32), np.ones((2, 2, 1)))
    soft = np.mean([np.roll(wide, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0).astype(np.uint8)
    checks = np.where(np.indices(soft.shape[:2]).sum(0) % 2, 255, 0).astype(np.uint8)[..., None]
    framed = np.pad(soft[8:-8, 8:-8], ((8, 8), (8, 8), (0, 0)))
    inside = np.pad(np.ones((240, 240, 1), bool), ((8, 8), (8, 8), (0, 0)))

    assert "oversized" in found(soft)
    assert "oversized" not in found(np.where(inside, framed, checks))


@pytest.mark.parametrize(
    ("name", "facts", "side"),
    [
        ("not-power-of-two", {"mip_count": 7}, 100),
        ("not-multiple-of-four", {"format": "BC7"}, 126),
        ("no-mip-chain", {"mip_count": 1}, 128),
        ("short-mip-chain", {"mip_count": 3}, 128),
    ],
)
def test_what_the_file_says_is_held_against_the_size(name: str, facts: dict[str, str | int], side: int) -> None:
    assert name in found(SURFACE[:side, :side], "rock.png", **facts)
    assert name not in found(SURFACE[:side, :side])


def test_a_side_above_the_budget_is_found() -> None:
    assert "over-budget" in found(np.tile(SURFACE[:4], (1, 33, 1)))


def test_pixel_art_wants_no_mipmaps() -> None:
    art = (SURFACE[::4, ::4] // 64 * 64).repeat(2, 0).repeat(2, 1)

    assert "mips-on-pixel-art" in found(art, mip_count=7)
    assert "mips-on-pixel-art" not in found(SURFACE, mip_count=8)


def test_few_colours_beside_graded_alpha_are_no_pixel_art() -> None:
    """A plate whose block compression left few colours, with its gloss in alpha."""
    plate = (SURFACE[::4, ::4] // 64 * 64).repeat(2, 0).repeat(2, 1)
    gloss = np.linspace(1, 254, plate.shape[1])[None, :]

    assert "mips-on-pixel-art" in found(with_alpha(plate, (disc(64) > 127) * 255), mip_count=7)
    assert "mips-on-pixel-art" not in found(with_alpha(plate, gloss), mip_count=7)


def test_a_blue_glow_is_no_normal_map() -> None:
    glow = with_alpha(np.full((64, 64, 3), (120, 130, 250), np.uint8), disc(64, soft=8))
    glow[glow[..., 3] == 0] = 0

    assert not any(name.startswith("normal") for name in found(glow))
    assert "normal-undecided" in found(glow[..., :3])


def test_a_normal_map_must_not_be_srgb() -> None:
    assert "normal-as-srgb" in found(NORMALS, color_space="srgb")
    assert "normal-as-srgb" not in found(NORMALS, color_space="linear")
    assert "data-as-srgb" in found(SURFACE[..., :1], "rock_roughness.png", color_space="srgb")
    assert "data-as-srgb" not in found(SURFACE, "rock.png", color_space="srgb")


def test_a_name_is_held_against_the_pixels() -> None:
    assert "name-says-normal" in found(SURFACE, "rock_normal.png")
    assert "name-says-normal" not in found(NORMALS, "rock_normal.png")
    assert "normal-called-colour" in found(NORMALS, "rockAlbedo.png")


def test_a_short_n_in_a_name_says_nothing() -> None:
    """button_n and sky_n are no normal maps."""
    assert "name-says-normal" not in found(SURFACE, "button_n.png")


def test_a_seam_is_a_fault_only_where_the_name_promises_none() -> None:
    assert "seam" in found(SURFACE, "grass_tile.png")
    assert "seam" not in found(SURFACE, "grass.png")
    assert "seam" not in found(np.roll(SURFACE, (64, 64), (0, 1)), "grass_tile.png")


def test_edges_of_one_colour_fit_everything_and_are_not_said_to_tile() -> None:
    framed = np.pad(SURFACE, ((8, 8), (8, 8), (0, 0)))

    assert found(framed) & {"tiles", "tiles-across", "tiles-down"} == set()


def test_a_normal_map_whose_red_breaks_does_not_tile() -> None:
    """Its green fits, and the slopes along x jump at the border."""
    down, across = np.mgrid[:64, :64] / 64 * 2 * np.pi
    height = (np.sin(down + 1) * np.sin(2 * across + 1)).astype(np.float32)
    whole = directions(np.tile(height, (2, 2)), opengl=True)[32:96, 32:96]
    broken = whole.copy()
    broken[..., 0] = np.linspace(60, 200, 64)[None, :]

    assert "tiles" in found(whole)
    assert not found(broken) & {"tiles", "tiles-across"}


def test_frames_and_glows_fit_and_are_not_said_to_tile() -> None:
    """Both sides of the border look the same; nothing goes on across it."""
    down, across = np.mgrid[:64, :64] - 31.5
    glow = np.repeat(np.clip(255 - 8 * np.hypot(down, across), 10, 255)[..., None], 3, 2).astype(np.uint8)
    icon = SURFACE[:64, :64].copy()
    edge = np.random.default_rng(3).integers(60, 120, (64, 3), np.uint8)
    for at in range(5):
        icon[at] = icon[-1 - at] = edge
    icon[:, 0], icon[:, -1] = 0, 255

    assert not found(glow) & {"tiles", "tiles-across", "tiles-down"}
    assert not found(icon) & {"tiles", "tiles-across", "tiles-down"}
