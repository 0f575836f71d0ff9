"""The trials: for each check, textures that have its fault by construction, and the nearest ones that have it not."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.findings import makers as m
from benchmarks.findings.made_normals import in_bytes, jpeg, normal_map
from benchmarks.findings.sources import Pixels, Rng
from benchmarks.findings.trial import Maker, Trial
from consumer.findings.texture import Texture
from consumer.imaging.facts import TextureFacts

_CHAIN: Final = TextureFacts(mip_count=8, wrap="repeat")
_BLOCKS: Final = TextureFacts(format="BC1", mip_count=1, wrap="clamp")


def _as_is(surface: Pixels, _: Rng) -> Texture:
    return m.png(surface)


def _softened(surface: Pixels, _: Rng) -> Texture:
    """Return colours that no palette holds."""
    return m.png(m.soft(surface, 0.7))


def _sized(height: int, width: int, facts: TextureFacts | None = None) -> Maker:
    return lambda surface, _: m.png(m.sized(surface, height, width), facts)


def _sixteen(surface: Pixels, _: Rng) -> Texture:
    return m.png(surface[..., 1:2].astype(np.uint16) * 257)


def _sixteen_full(surface: Pixels, rng: Rng) -> Texture:
    deep = surface[..., 1:2].astype(np.float32) * 257 * 0.97 + rng.uniform(0, 200, surface.shape[:2])[..., None]
    return m.png(np.clip(deep, 0, 65535).astype(np.uint16))


def _cut(surface: Pixels, rng: Rng, *, blur: float, light: bool = False) -> Pixels:
    return m.with_alpha(m.bright(surface) if light else surface, m.shape(surface, rng, blur))


def _soft_cut(surface: Pixels, rng: Rng) -> Texture:
    return m.png(_cut(surface, rng, blur=3))


def _with_halo(surface: Pixels, rng: Rng) -> Texture:
    cut = _cut(surface, rng, blur=0, light=True)
    cut[cut[..., 3] == 0, :3] = 0
    return m.png(cut)


def _normal(
    surface: Pixels, rng: Rng, *, opengl: bool = True, path: str = "rock.png", facts: TextureFacts | None = None
) -> Texture:
    return m.png(normal_map(surface, rng, opengl=opengl), facts, path)


def _unnormalised(surface: Pixels, rng: Rng) -> Texture:
    directions = normal_map(surface, rng, opengl=True).astype(np.float32) / 127.5 - 1
    return m.png(in_bytes(directions * float(rng.uniform(0.65, 0.8))))


def _after_jpeg(surface: Pixels, rng: Rng) -> Texture:
    return m.png(jpeg(normal_map(surface, rng, opengl=True), 85))


def _packed(surface: Pixels, rng: Rng) -> Texture:
    directions = normal_map(surface, rng, opengl=bool(rng.integers(2)))
    directions[..., 2] = rng.choice([0, 255])
    return m.png(directions)


def _masks(surface: Pixels, _: Rng) -> Texture:
    """Return two unlike masks in red and green, blue empty."""
    return m.png(np.dstack([surface[..., 0], surface[::-1, ..., 2], np.zeros(surface.shape[:2], np.uint8)]))


def _tiling(surface: Pixels, _: Rng) -> Texture:
    return m.png(m.rolled(surface, 0, 1))


def _across(surface: Pixels, _: Rng) -> Texture:
    return m.png(m.rolled(m.ramped(surface, 0), 1))


def _down(surface: Pixels, _: Rng) -> Texture:
    return m.png(m.rolled(m.ramped(surface, 1), 0))


def _neither(surface: Pixels, _: Rng) -> Texture:
    return m.png(m.ramped(m.ramped(surface, 0), 1))


def _enlarged(how: Image.Resampling) -> Maker:
    return lambda surface, _: m.png(m.enlarged(surface, how))


def _named(make: Maker, path: str) -> Maker:
    def named(surface: Pixels, rng: Rng) -> Texture:
        made = make(surface, rng)
        return Texture(made.pixels, made.mode, made.file_format, made.facts, path)

    return named


_SRGB: Final = TextureFacts(color_space="srgb")
_LINEAR: Final = TextureFacts(color_space="linear")
_NORMAL: Final = partial(_normal, facts=_LINEAR)

TRIALS: Final = (
    Trial("not-power-of-two", (_sized(100, 128, _CHAIN),), (_sized(128, 64, _CHAIN),)),
    Trial("not-multiple-of-four", (_sized(126, 128, _BLOCKS),), (_sized(124, 100, _BLOCKS),)),
    Trial("over-budget", (_sized(16, 4100),), (_sized(16, 4096),)),
    Trial("no-mip-chain", (_sized(128, 256, TextureFacts(mip_count=1, wrap="repeat")),), (_sized(128, 256, _CHAIN),)),
    Trial(
        "short-mip-chain",
        (_sized(128, 256, TextureFacts(mip_count=4)),),
        (_sized(128, 256, TextureFacts(mip_count=7)),),
    ),
    Trial(
        "mips-on-pixel-art",
        (lambda surface, _: m.png(m.pixel_art(surface), _CHAIN),),
        (lambda surface, _: m.png(m.soft(surface, 0.7), _CHAIN), lambda surface, _: m.png(m.pixel_art(surface))),
    ),
    Trial(
        "grey-as-colour",
        (lambda surface, _: m.png(np.repeat(surface[..., 1:2], 3, axis=2)),),
        (_as_is, lambda surface, _: m.png(surface[..., 1:2])),
    ),
    Trial("few-colours", (lambda surface, _: m.png(m.few_colours(surface, 64)),), (_softened,)),
    Trial("eight-bits-in-sixteen", (_sixteen,), (_sixteen_full,)),
    Trial("one-colour", (lambda surface, _: m.png(np.broadcast_to(surface[:1, :1], surface.shape)),), (_as_is,)),
    Trial(
        "repeated-content",
        (lambda surface, _: m.png(np.tile(surface, (1, 2, 1))), lambda surface, _: m.png(np.tile(surface, (2, 2, 1)))),
        (_as_is, lambda surface, _: m.png(np.concatenate([surface, surface[:, ::-1]], axis=1))),
    ),
    Trial(
        "alpha-unused",
        (lambda surface, _: m.png(m.with_alpha(surface, np.full(surface.shape[:2], 255, np.uint8))),),
        (_soft_cut, _as_is),
    ),
    Trial(
        "alpha-constant",
        (lambda surface, _: m.png(m.with_alpha(surface, np.full(surface.shape[:2], 128, np.uint8))),),
        (_soft_cut, _as_is),
    ),
    Trial(
        "all-transparent",
        (lambda surface, _: m.png(m.with_alpha(surface, np.zeros(surface.shape[:2], np.uint8))),),
        (_soft_cut, _as_is),
    ),
    Trial("alpha-nearly-binary", (lambda surface, rng: m.png(_cut(surface, rng, blur=0)),), (_soft_cut, _as_is)),
    Trial(
        "wasted-margin",
        (lambda surface, _: m.png(m.margined(surface, 0.7)),),
        (lambda surface, _: m.png(m.margined(surface, 0.4)),),
    ),
    Trial(
        "premultiplied-alpha",
        (lambda surface, rng: m.png(m.multiplied(_cut(surface, rng, blur=4, light=True))),),
        (lambda surface, rng: m.png(_cut(surface, rng, blur=4)),),
    ),
    Trial("halo", (_with_halo,), (lambda surface, rng: m.png(_cut(surface, rng, blur=0)), _soft_cut)),
    Trial(
        "narrow-gutter",
        (lambda surface, _: m.png(m.sheet(surface, 1)),),
        (lambda surface, _: m.png(m.sheet(surface, 4)), _soft_cut),
    ),
    Trial("normal-opengl", (_normal,), (partial(_normal, opengl=False), _as_is)),
    Trial("normal-directx", (partial(_normal, opengl=False),), (_normal, _as_is)),
    Trial(
        "normal-undecided",
        (lambda surface, _: m.png(np.broadcast_to(np.array([128, 128, 255], np.uint8), surface.shape)),),
        (_normal, _as_is),
    ),
    Trial("normals-not-unit", (_unnormalised,), (_normal, _after_jpeg)),
    Trial("normal-blue-empty", (_packed,), (_normal, _masks)),
    Trial("normal-as-srgb", (partial(_normal, facts=_SRGB),), (_NORMAL, lambda surface, _: m.png(surface, _SRGB))),
    Trial(
        "data-as-srgb",
        (lambda surface, _: m.png(surface[..., :1], _SRGB, "rock_roughness.png"),),
        (
            lambda surface, _: m.png(surface[..., :1], _LINEAR, "rock_roughness.png"),
            lambda surface, _: m.png(surface, _SRGB),
        ),
    ),
    Trial(
        "name-says-normal",
        (_named(_as_is, "rock_normal.png"),),
        (partial(_normal, path="rock_normal.png"), _named(_packed, "rock_nrm.png")),
    ),
    Trial("normal-called-colour", (partial(_normal, path="rock_albedo.png"),), (_named(_as_is, "rock_albedo.png"),)),
    Trial("tiles", (_tiling,), (_neither, _across)),
    Trial("tiles-across", (_across,), (_neither, _tiling)),
    Trial("tiles-down", (_down,), (_neither, _tiling)),
    Trial("seam", (_named(_neither, "rock_tile.png"),), (_named(_tiling, "rock_tile.png"), _neither)),
    Trial(
        "oversized",
        tuple(
            _enlarged(how) for how in (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
        ),
        (_as_is,),
    ),
    Trial(
        "repeated-pixels",
        (
            lambda surface, _: m.png(surface.repeat(2, 0).repeat(2, 1)),
            lambda surface, _: m.png(surface.repeat(3, 0).repeat(3, 1)),
        ),
        (_as_is,),
    ),
    Trial("jpeg-blocks", (lambda surface, rng: m.png(m.after_jpeg(surface, rng)),), (_as_is,)),
    Trial(
        "banding",
        (lambda surface, _: m.png(m.rounded(surface, 5)), lambda surface, _: m.png(m.rounded(surface, 4))),
        (_as_is,),
    ),
)
