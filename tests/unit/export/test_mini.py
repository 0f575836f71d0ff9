"""The making of aegis-mini, in small: rows to words, pictures to squares, some steps of training."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from consumer.tagging.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.decode import ImageLimits, decode
from consumer.tagging.preprocess import PreprocessSpec, prepare
from consumer.tagging.taxonomy import Taxonomy, load_taxonomy
from export.mini.captions import caption, corpus, labels, path_words
from export.mini.colours import Recolour
from export.mini.held_out import measure, measured_positions
from export.mini.manifest import Row, capped, read_manifest
from export.mini.model import create_model, train_tokenizer
from export.mini.muon import Muon, orthogonal
from export.mini.rules import family_of, other_rows, read_rules
from export.mini.sampling import Material, sampling_weights, shared_words
from export.mini.store import build_store, open_store, premultiplied
from export.mini.train import Plan, Trainer
from export.mini.transform import GROUND, View, composite, served, square

DEV_GAMES = {"supertuxkart", "endless-sky", "openarena", "freedoom", "megaglest", "unknown-horizons", "renpy-demo"}
STILL = Recolour(
    mix=0, hue=0, saturation=0, grey=0, tint=0, brightness=0, contrast=0, other_ground=0, blur=0
)  # fmt: skip


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load_taxonomy(default_bundle_path() / TAXONOMY)


def row(name: str, kind: str = "weapon", family: str = "f", game: str = "g") -> Row:
    return Row(game, "package", f"art/{name}.png", "", (kind,), ("fantasy",), "sprite", "group", family)


def any_pixels(rng: np.random.Generator, height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels


def test_no_image_of_a_game_that_measures_us_is_in_the_manifest() -> None:
    rows = read_manifest()
    assert len(rows) == 28378
    assert not DEV_GAMES.intersection(row.game for row in rows)


def test_rules_speak_of_packages_of_the_manifest_and_tags_of_the_taxonomy(taxonomy: Taxonomy) -> None:
    packages = {"*"} | {row.package for row in read_manifest()}
    objects, styles = (set(taxonomy.categories[name].tags) for name in ("object_types", "art_styles"))
    roles = {"", *taxonomy.categories["texture_roles"].tags}
    for rule in read_rules():
        assert rule.package in packages
        assert objects.issuperset(rule.object_types)
        assert styles.issuperset(rule.art_styles)
        assert rule.role in roles


def test_images_that_the_manifest_does_not_name_are_found_and_labelled_by_their_path(tmp_path: Path) -> None:
    package, known = "teeworlds-data", row("known")
    root = tmp_path / package / "usr/share/games/teeworlds/data"
    (root / "skins/body").mkdir(parents=True)
    for name in ("skins/body/bear.png", "skins/body/notes.txt", "font.png"):
        (root / name).write_bytes(b"")
    with zipfile.ZipFile(root / "more.zip", "w") as archive:
        archive.writestr("art/thing.png", b"")
        archive.writestr("readme", b"")
    known = Row("teeworlds", package, "usr/share/games/teeworlds/data/gone.png", "", (), (), "", "", "")
    rows = {Path(one.member or one.path).name: one for one in other_rows(tmp_path, [known])}
    assert set(rows) == {"bear.png", "thing.png"}
    assert (rows["bear.png"].game, rows["bear.png"].object_types) == ("teeworlds", ("character",))
    assert rows["thing.png"].object_types == ()


@pytest.mark.parametrize(
    ("package", "path", "objects", "role"),
    [
        ("naev-data", "naev/dat/gfx/outfit/store/gatling.png", ("weapon",), "icon"),
        ("torcs-data", "torcs/tracks/road/wheel-1/background.png", ("skybox", "environment"), "albedo"),
        ("torcs-data", "torcs/tracks/road/wheel-1/wheel-1.png", (), ""),
        ("0ad-data", "0ad/public.zip!art/textures/skins/gaia/teak_spec.png.cached.dds", (), "mask"),
        ("wesnoth-1.16-data", "wesnoth/1.16/data/core/images/projectiles/spear-n.png", ("weapon",), "sprite"),
    ],
)
def test_the_first_rule_that_holds_decides(package: str, path: str, objects: tuple[str, ...], role: str) -> None:
    rule = next(rule for rule in read_rules() if rule.holds(package, path))
    assert (rule.object_types, rule.role) == (objects, role)


def test_frames_and_sides_of_one_drawing_are_one_family() -> None:
    assert len({family_of("p", f"a/walk-{side}-{frame}.png") for side in ("n", "se") for frame in range(3)}) == 1
    assert family_of("p", "a/walk.png") != family_of("p", "a/run.png")


def test_a_family_of_animation_frames_counts_only_so_often() -> None:
    rows = [row(str(number)) for number in range(9)] + [row("other", family="h")]
    assert len(capped(rows, per_family=4)) == 5


def test_path_words_keep_what_an_artist_named_and_drop_folders_and_numbers() -> None:
    assert path_words(row("textures/RustySword_02_attack")) == ["rusty", "sword", "attack"]


def test_words_of_one_game_alone_are_not_learned() -> None:
    rows = [row(f"sword_{word}", game=game) for word, game in (("rusty", "g"), ("naev", "h")) for _ in range(6)]
    assert "sword" in shared_words(rows)
    assert not {"rusty", "naev"}.intersection(shared_words(rows))


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
    assert (composite(premultiplied(image), 10) == 10).all()


def test_tall_art_is_padded_and_tiny_art_keeps_hard_edges() -> None:
    tall = np.zeros((40, 10, 4), np.uint8)
    tall[..., 3] = 255
    shown = served(tall, 64)
    assert (shown[:, :20] == GROUND).all()
    assert (shown[:, 26:38] == 0).all()
    checker = (np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)
    tiny = np.dstack([checker] * 3 + [np.full((8, 8), 255, np.uint8)])
    assert set(np.unique(served(tiny, 64))) == {0, 255}


@pytest.mark.parametrize("name", ["supertuxkart/3td_LoneBrick_01_NRM.png", "megaglest/checkbox_checked.png"])
def test_training_shows_the_network_what_the_product_shows_it(name: str) -> None:
    path = Path(__file__).parents[3] / "samples" / name
    product = prepare(decode(path.read_bytes(), ImageLimits()), PreprocessSpec(96, (GROUND, GROUND, GROUND)))
    with Image.open(path) as image:
        ours = served(premultiplied(image), 96)
    assert np.abs(ours.astype(int) - product).mean() < 3


def test_every_random_view_is_a_full_square_and_stays_premultiplied() -> None:
    rng, view = np.random.default_rng(0), View(32)
    for shape in ((1, 1), (3, 90), (160, 7), (33, 31)):
        views = [view(any_pixels(rng, *shape), rng) for _ in range(20)]
        assert all(one.shape == (32, 32, 4) for one in views)


def test_art_is_laid_where_it_is_told() -> None:
    corner = square(np.full((4, 4, 4), 255, np.uint8), 16, longest=8, place=(1.0, 0.0))
    assert (corner[8:, :8] == 255).all()
    assert corner.sum() == 8 * 8 * 4 * 255


def test_without_chance_recolouring_is_what_the_product_does() -> None:
    rng = np.random.default_rng(0)
    squares = np.stack([any_pixels(rng, 16, 16)])
    assert np.abs(STILL(squares, rng).astype(int) - composite(squares)).max() <= 1


def test_recolouring_changes_colours_but_no_shape_of_a_batch() -> None:
    rng = np.random.default_rng(0)
    squares = np.stack([any_pixels(rng, 16, 16)] * 8)
    changed = Recolour()(squares, rng)
    assert changed.shape == (8, 16, 16, 3)
    assert len({one.tobytes() for one in changed}) > 4


def test_orthogonal_steps_have_singular_values_near_one() -> None:
    matrix = torch.from_numpy(np.random.default_rng(0).normal(size=(24, 8)))
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert values.min() > 0.5
    assert values.max() < 1.5


def test_muon_finds_a_minimum() -> None:
    weight = torch.nn.Parameter(torch.ones(4, 3, 1, 1))
    muon = Muon([weight], rate=0.05, decay=0.0)
    for _ in range(60):
        weight.grad = weight.detach() - 0.5
        muon.step()
    assert (weight - 0.5).abs().max() < 0.2


def test_rates_rise_hold_and_fall_and_pictures_grow() -> None:
    plan = Plan(steps=1000, stages=((0.5, 64), (1.0, 96)), held=0.4)
    assert plan.factor_at(50) == pytest.approx(0.5)
    assert plan.factor_at(400) == 1.0
    assert plan.factor_at(1000) == pytest.approx(0.02)
    assert [plan.size_at(step) for step in (1, 500, 501, 1000)] == [64, 64, 96, 96]


def test_what_cannot_be_read_or_was_seen_before_stays_out_of_the_store(tmp_path: Path) -> None:
    rows = [row("one"), row("same"), row("missing"), row("two")]
    folder = tmp_path / "package" / "art"
    folder.mkdir(parents=True)
    for name, size in (("one", 5), ("same", 5), ("two", 6)):
        Image.new("RGB", (size, 5)).save(folder / f"{name}.png")
    assert build_store(rows, tmp_path, tmp_path / "store", workers=1) == [2]
    store = open_store(tmp_path / "store")
    assert store.positions.tolist() == [0, 3]
    assert store[1].shape == (5, 6, 4)


def test_training_goes_on_from_its_checkpoint_and_hands_out_its_average(tmp_path: Path, taxonomy: Taxonomy) -> None:
    kinds = ["weapon", "vehicle"] * 20
    rows = [row(f"sword_{number}", kind, game=str(number % 2)) for number, kind in enumerate(kinds)]
    for number, one in enumerate(rows):
        path = tmp_path / one.package / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (20, 10), (6 * number, 0, 255 - 6 * number, 255)).save(path)
    assert build_store(rows, tmp_path, tmp_path / "store", workers=1) == []
    tokenizer = train_tokenizer(corpus(rows, taxonomy), vocabulary_size=300)
    material = Material(rows, open_store(tmp_path / "store"), tokenizer, taxonomy)
    plan = Plan(steps=2, batch=8, captions=4, stages=((0.5, 32), (1.0, 48)))
    Trainer(create_model(tokenizer.get_vocab_size(), 32), material, plan).run(tmp_path / "checkpoint.pt")
    again = Trainer(create_model(tokenizer.get_vocab_size(), 32), material, Plan(steps=3, batch=8, captions=4))
    average = again.run(tmp_path / "checkpoint.pt")
    assert again.step == 3
    assert not average.training
    assert all(torch.isfinite(weight).all() for weight in average.parameters())
    found = measure(average, material, measured_positions(rows, {"0"}), 32)
    assert (found.images, set(found.by_game)) == (1, {"0"})


def test_held_out_games_are_measured_on_one_image_of_a_family_and_no_data_map() -> None:
    rows = [row("a", family="x"), row("b", family="x"), row("c", family="y"), row("d", family="z", game="h")]
    rows.append(Row("g", "p", "n.png", "", ("weapon",), (), "normal_map", "", "n"))
    assert len(measured_positions(rows, {"g"})) == 2
    assert len(measured_positions(rows, {"g", "h"}, per_cell=1)) == 2
