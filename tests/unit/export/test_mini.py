"""The making of aegis-mini, in small: rows to words, pictures to squares, one step of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consumer.tagging.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.taxonomy import Taxonomy, load_taxonomy
from export.mini.captions import caption, corpus, labels, path_words
from export.mini.manifest import Row, capped, read_manifest
from export.mini.model import create_model, train_tokenizer
from export.mini.store import build_store, open_store, premultiplied
from export.mini.train import Material, Plan, sampling_weights, train
from export.mini.transform import Augment, composite, served

DEV_GAMES = {"supertuxkart", "endless-sky", "openarena", "freedoom", "megaglest", "unknown-horizons", "renpy-demo"}


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load_taxonomy(default_bundle_path() / TAXONOMY)


def row(name: str, kind: str = "weapon", family: str = "f", game: str = "g") -> Row:
    return Row(game, "package", f"art/{name}.png", "", "PNG", (kind,), ("fantasy",), "sprite", "group", family)


def test_no_image_of_a_game_that_measures_us_is_in_the_manifest() -> None:
    rows = read_manifest()
    assert len(rows) == 28378
    assert not DEV_GAMES.intersection(row.game for row in rows)


def test_a_family_of_animation_frames_counts_only_so_often() -> None:
    rows = [row(str(number)) for number in range(9)] + [row("other", family="h")]
    assert len(capped(rows, per_family=4)) == 5


def test_path_words_keep_what_an_artist_named_and_drop_folders_and_numbers() -> None:
    assert path_words(row("textures/RustySword_02_attack")) == ["rusty", "sword", "attack"]


def test_materials_are_read_from_names(taxonomy: Taxonomy) -> None:
    known = labels(row("old_wooden_bridge"))
    assert known["materials"] == ("wood",)
    assert set(known) <= set(taxonomy.categories)


def test_captions_vary_and_always_say_something(taxonomy: Taxonomy) -> None:
    rng = np.random.default_rng(0)
    said = {caption(row("golden_sword"), taxonomy, rng) for _ in range(50)}
    assert len(said) > 20
    assert all(sentence.strip() for sentence in said)


def test_each_object_type_is_drawn_as_often_however_many_images_it_has() -> None:
    rows = [row("a", "weapon")] * 30 + [row("b", "vehicle")] * 3
    weights = sampling_weights(rows)
    assert weights[:30].sum() == pytest.approx(weights[30:].sum())


def test_transparent_pixels_become_ground_whatever_colour_hides_below() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (composite(premultiplied(image), (10, 20, 30)) == (10, 20, 30)).all()


def test_tall_art_is_padded_and_tiny_art_keeps_hard_edges() -> None:
    tall = np.zeros((40, 10, 4), np.uint8)
    tall[..., 3] = 255
    square = served(tall, 64, (9, 9, 9))
    assert (square[:, :20] == 9).all()
    assert (square[:, 26:38] == 0).all()
    checker = (np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)
    tiny = np.dstack([checker] * 3 + [np.full((8, 8), 255, np.uint8)])
    assert set(np.unique(served(tiny, 64))) == {0, 255}


def test_every_random_view_is_a_full_square() -> None:
    rng, augment = np.random.default_rng(0), Augment(32)
    for shape in ((1, 1), (3, 90), (160, 7), (33, 31)):
        pixels = rng.integers(0, 256, (*shape, 4), dtype=np.uint8)
        pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
        assert all(augment(pixels, rng).shape == (32, 32, 3) for _ in range(20))


def test_training_runs_from_files_on_disk_and_hands_out_its_average(tmp_path: Path, taxonomy: Taxonomy) -> None:
    rows = [row(f"sword_{number}", kind) for number, kind in enumerate(["weapon", "vehicle"] * 20)]
    for number, one in enumerate(rows):
        path = tmp_path / one.package / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (20, 10), (number, 0, 255 - number, 200)).save(path)
    unreadable = [*rows, row("missing")]
    assert build_store(unreadable, tmp_path, tmp_path / "store", workers=1) == [40]
    tokenizer = train_tokenizer(corpus(rows, taxonomy), vocabulary_size=300)
    model = create_model(tokenizer.get_vocab_size(), 32)
    material = Material(rows, open_store(tmp_path / "store"), tokenizer, taxonomy)
    seen: list[int] = []
    plan = Plan(steps=2, batch=8, captions=4, stages=((1.0, 32),))
    average = train(model, material, plan, lambda _, step: seen.append(step))
    assert seen == [2]
    assert not average.training
