"""What one texture is of another, on pictures that are made from each other."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import etcpak
import numpy as np
import pytest
from PIL import Image

from consumer.findings.relation import Relation, relation
from consumer.findings.signature import Signature, signature
from consumer.imaging.texels import blocks

SAMPLES = Path(__file__).parents[3] / "samples"
Transpose = Image.Transpose


def picture(seed: int = 1, size: tuple[int, int] = (96, 64)) -> Image.Image:
    """Return blots of colour on a ground, unlike in a mirror and on any side."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 9, 3)).astype("u1")
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert("RGBA")


def cut_out(image: Image.Image) -> Image.Image:
    alpha = np.zeros((image.height, image.width), "u1")
    alpha[image.height // 4 : -image.height // 4, image.width // 4 :] = 255
    made = image.copy()
    made.putalpha(Image.fromarray(alpha))
    return made


def jpeg(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=70)
    return Image.open(file).convert("RGBA")


def bc1(image: Image.Image) -> Image.Image:
    data = etcpak.compress_bc1(image.tobytes(), *image.size)
    return Image.fromarray(np.ascontiguousarray(blocks.BC1.decode(memoryview(data), *image.size)))


def recoloured(image: Image.Image) -> Image.Image:
    red, green, blue, alpha = image.split()
    return Image.merge("RGBA", (blue, red, green, alpha))


def of(image: Image.Image) -> Signature:
    pixels = np.asarray(image)
    return signature(pixels, hashlib.sha256(pixels.tobytes()).digest())


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (picture(), Relation.IDENTICAL),
        (jpeg(picture()), Relation.RECOMPRESSED),
        (picture().resize((66, 44)), Relation.RESIZED),
        (picture().resize((48, 32)), Relation.MIP_OF),
        (picture().resize((24, 16), Image.Resampling.BOX), Relation.MIP_OF),
        (bc1(picture()), Relation.RECOMPRESSED),
        (picture().resize((300, 200), Image.Resampling.BICUBIC), Relation.RESIZED),
        (cut_out(picture()), Relation.ALPHA_DIFFERS),
        (picture().transpose(Transpose.FLIP_LEFT_RIGHT), Relation.FLIPPED),
        (picture().transpose(Transpose.FLIP_TOP_BOTTOM), Relation.FLIPPED),
        (picture().transpose(Transpose.ROTATE_90), Relation.ROTATED),
        (picture().transpose(Transpose.ROTATE_180), Relation.ROTATED),
        (picture().transpose(Transpose.ROTATE_270).resize((32, 48)), Relation.ROTATED),
        (recoloured(picture()), Relation.RECOLOURED),
        (picture(2), None),
        (picture(3).resize((64, 96)), None),
    ],
)
def test_what_was_done_is_told_from_both_sides(made: Image.Image, expected: Relation | None) -> None:
    assert relation(of(picture()), of(made)) is expected
    assert relation(of(made), of(picture())) is expected


def test_even_pictures_are_only_the_same_where_their_pixels_are() -> None:
    """Of two plain colours nobody can say that one was made from the other."""
    grey, dark = (of(Image.new("RGBA", (64, 64), colour)) for colour in ("#808080", "#7f7f7f"))

    assert relation(grey, grey) is Relation.IDENTICAL
    assert relation(grey, dark) is None


def test_the_samples_are_no_duplicates_of_each_other() -> None:
    """All of them are different textures; a file may share its pixels with a copy."""
    files = sorted((SAMPLES / "supertuxkart").glob("*.png"))
    signatures = [of(Image.open(file).convert("RGBA")) for file in files]
    found = [
        (one.name, other.name)
        for at, one in enumerate(files)
        for other, theirs in zip(files[:at], signatures[:at], strict=True)
        if relation(signatures[at], theirs) is not None
    ]

    assert len(files) > 5
    assert found == []


def speckled(side: int) -> Image.Image:
    """Return a small picture that is cut out all over, as units and icons are."""
    mask = (np.random.default_rng(5).random((6, 6)) > 0.5).astype("u1") * np.uint8(255)
    made = picture(4, (side, side))
    made.putalpha(Image.fromarray(mask).resize(made.size, Image.Resampling.NEAREST))
    return made


@pytest.mark.parametrize(
    ("whole", "level"),
    [(picture(3, (58, 68)), 1), (picture(3, (58, 68)), 2), (picture(3, (321, 35)), 2), (speckled(38), 2)],
    ids=["odd-1", "odd-2", "strip-2", "tiny-2"],
)
def test_a_level_whose_sides_were_rounded_down_is_a_mip(whole: Image.Image, level: int) -> None:
    """Its shape is no longer quite that of the whole, nor its pixels where those of the whole are."""
    size = whole.width >> level, whole.height >> level
    mip = whole.resize(size, Image.Resampling.BOX)

    assert relation(of(mip), of(whole)) is Relation.MIP_OF
    assert relation(of(whole), of(mip)) is Relation.MIP_OF
    assert relation(of(picture(9, size)), of(whole)) is None
