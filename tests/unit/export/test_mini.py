"""The making of aegis-mini, in small: rows to words, pictures to squares, some steps of training."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from consumer.imaging.decode import decode
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.bundle.bundle import read_manifest as read_shipped
from consumer.tagging.bundle.taxonomy import Taxonomy, load_taxonomy
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from export.mini.captions import caption, labels, path_words
from export.mini.colours import Recolour
from export.mini.held_out import measure, measured_positions
from export.mini.manifest import Row, added_games, capped, read_manifest, unpack_xmoto
from export.mini.model import ImageTower, Teacher, Texts
from export.mini.plan import TrainingPlan
from export.mini.rules import family_of, other_rows, read_rules
from export.mini.sampling import Batches, Material, sampling_weights, shared_words
from export.mini.store import build_store, open_store, premultiplied
from export.mini.train import Trainer, kept_loss
from export.mini.transform import GROUND, View, as_icon, composite, served, square

DEV_GAMES = {"supertuxkart", "endless-sky", "openarena", "freedoom", "megaglest", "unknown-horizons", "renpy-demo"}
SAMPLES = Path(__file__).parents[3] / "samples"
STILL = Recolour(
    mix=0, hue=0, saturation=0, grey=0, tint=0, brightness=0, contrast=0, other_ground=0, blur=0
)  # fmt: skip


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load_taxonomy(default_bundle_path() / TAXONOMY)


def row(name: str, kind: str = "weapon", family: str = "f", game: str = "g") -> Row:
    return Row(game, "package", f"art/{name}.png", "", (kind,), ("fantasy",), "sprite", "group", family)


def drawn(folder: Path) -> list[Row]:
    """Write forty pictures and their store; return their rows."""
    kinds = ["weapon", "vehicle"] * 20
    rows = [row(f"sword_{number}", kind, game=str(number % 2)) for number, kind in enumerate(kinds)]
    for number, one in enumerate(rows):
        path = folder / one.package / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (64, 48), (6 * number, 0, 255 - 6 * number, 255)).save(path)
    assert build_store(rows, folder, folder / "store", workers=1) == []
    return rows


def any_pixels(rng: np.random.Generator, height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels


def test_no_game_that_measures_us_is_trained_on() -> None:
    rows = read_manifest()
    assert len(rows) == 28378
    assert not DEV_GAMES.intersection(row.game for row in rows)
    assert not DEV_GAMES.intersection(added.game for added in added_games())


def test_rules_speak_of_packages_of_the_manifest_and_tags_of_the_taxonomy(taxonomy: Taxonomy) -> None:
    packages = {"*"} | {row.package for row in read_manifest()} | {added.package for added in added_games()}
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
        ("enigma-data", "enigma/gfx48/it_coin_s.png", ("prop",), "sprite"),
        ("arcade", "arcade/resources/assets/images/topdown_tanks/tankBody_red.png", ("vehicle",), "sprite"),
        ("xmoto-data", "xmoto/Textures/Riders/PlayerBikerBody_322.png", ("vehicle",), "sprite"),
    ],
)
def test_the_first_rule_that_holds_decides(package: str, path: str, objects: tuple[str, ...], role: str) -> None:
    rule = next(rule for rule in read_rules() if rule.holds(package, path))
    assert (rule.object_types, rule.role) == (objects, role)


def test_each_added_game_has_a_licence_and_rules() -> None:
    ruled = {rule.package for rule in read_rules()}
    assert all(added.licence and added.package in ruled for added in added_games())


def test_textures_come_out_of_x_motos_archive_and_stay_below_it(tmp_path: Path) -> None:
    files = {"Textures/UI/Arrow.png": b"arrow", "Levels/one.lvl": b"level", "Textures/../../out.png": b"out"}
    packed = [
        bytes([len(name)]) + name.encode() + bytes([32]) + b"0" * 32 + struct.pack("<I", len(content)) + content
        for name, content in files.items()
    ]
    archive = tmp_path / "game" / "xmoto.bin"
    archive.parent.mkdir()
    archive.write_bytes(b"XBI3" + bytes([32]) + b"0" * 32 + b"".join(packed))
    unpack_xmoto(archive)
    assert (archive.parent / "Textures/UI/Arrow.png").read_bytes() == b"arrow"
    assert {path.name for path in tmp_path.rglob("*.*")} == {"xmoto.bin", "Arrow.png"}


def test_frames_and_sides_of_one_drawing_are_one_family() -> None:
    assert len({family_of("p", f"a/walk-{side}-{frame}.png") for side in ("n", "se") for frame in range(3)}) == 1
    assert family_of("p", "a/walk.png") != family_of("p", "a/run.png")


def test_a_family_of_animation_frames_counts_only_so_often() -> None:
    rows = [row(str(number)) for number in range(9)] + [row("other", family="h")]
    kept = capped(rows, per_family=4, per_cell=10)
    assert len(kept) == 5
    assert kept == [one for one in rows if one in kept], "in their order"


def test_a_game_that_shows_one_thing_very_often_counts_only_so_often() -> None:
    rows = [row(str(number), family=str(number)) for number in range(9)] + [row("other", game="h", family="h")]
    assert [one.game for one in capped(rows, per_family=4, per_cell=3)] == ["g", "g", "g", "h"]


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
    path = SAMPLES / name
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


def test_rates_rise_hold_and_fall_in_each_of_two_rounds() -> None:
    plan = TrainingPlan(steps=1000, first_round=0.6, second=0.5, held=0.4)
    assert plan.factor_at(20) == pytest.approx(0.5)
    assert plan.factor_at(240) == 1.0
    assert plan.factor_at(600) == pytest.approx(0.02)
    assert plan.factor_at(620) == pytest.approx(0.25)
    assert plan.factor_at(760) == 0.5
    assert plan.factor_at(1000) == pytest.approx(0.01)


def test_the_last_steps_see_pictures_as_they_are_served() -> None:
    plan = TrainingPlan(steps=10, size=64, served_size=96, small=0.6)
    assert [plan.size_at(step) for step in (1, 6, 7, 10)] == [64, 64, 96, 96]


def test_texts_are_what_the_text_tower_says_and_each_is_asked_once() -> None:
    folder = default_bundle_path()
    texts = Texts(folder, read_shipped(folder))
    vectors = texts(["a sword", "clouds", "a sword"])
    assert torch.equal(vectors[0], vectors[2])
    assert torch.allclose(vectors.norm(dim=-1), torch.ones(3), atol=1e-4)
    assert torch.equal(texts(["clouds"])[0], vectors[1])


def test_a_drawing_is_shrunk_to_the_size_of_an_icon_and_small_art_is_left_alone() -> None:
    rng = np.random.default_rng(0)
    large, small = any_pixels(rng, 160, 80), any_pixels(rng, 8, 8)
    assert all(12 <= max(as_icon(large, rng).shape) <= 40 for _ in range(20))
    assert (as_icon(small, rng) == small).all()


def test_what_was_made_smaller_teaches_no_role_but_what_it_shows(tmp_path: Path, taxonomy: Taxonomy) -> None:
    rows = drawn(tmp_path)
    folder = default_bundle_path()
    material = Material(rows, open_store(tmp_path / "store"), Texts(folder, read_shipped(folder)), taxonomy)
    sizes = {share: next(iter(Batches(material, 32, 16, 4, seed=0, shrunk=share))) for share in (0.0, 1.0)}
    assert not sizes[0.0].shrunk.any()
    assert sizes[0.0].targets["texture_roles"].sum() == 16
    assert sizes[1.0].shrunk.all()
    assert sizes[1.0].targets["texture_roles"].sum() == 0
    assert sizes[1.0].targets["object_types"].sum() == 16


def test_the_teacher_is_the_tower_that_ships_and_sees_pictures_of_any_size() -> None:
    teacher = Teacher(default_bundle_path())
    shown: dict[int, torch.Tensor] = {}
    for size in (128, 160):
        pictures = []
        for name in ("supertuxkart/3td_LoneBrick_01_NRM.png", "megaglest/checkbox_checked.png"):
            with Image.open(SAMPLES / name) as image:
                pictures.append(served(premultiplied(image), size))
        shown[size] = teacher(torch.from_numpy(np.stack(pictures)))
    assert torch.allclose(shown[160].norm(dim=-1), torch.ones(2), atol=1e-3)
    alike = shown[128] @ shown[160].T
    assert alike.diagonal().min() > 0.9
    assert alike.diagonal().min() > alike[0, 1]


def test_only_pictures_that_are_heard_pull_towards_what_is_kept() -> None:
    logits, taught = torch.tensor([[1.0, 2.0], [0.0, 9.0]]), torch.tensor([[3.0, 4.0], [9.0, 0.0]])
    first = torch.tensor([True, False])
    assert kept_loss(logits, taught, first).item() == pytest.approx(0, abs=1e-6), "equal shares"
    assert kept_loss(logits, taught, ~first).item() > 8
    assert kept_loss(logits, taught, first & ~first).item() == 0


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
    rows = drawn(tmp_path)
    shipped = read_shipped(default_bundle_path())
    texts, teacher = Texts(default_bundle_path(), shipped), Teacher(default_bundle_path())
    material = Material(rows, open_store(tmp_path / "store"), texts, taxonomy)
    plan = TrainingPlan(
        steps=1,
        head_images=8,
        head_steps=2,
        head_batch=8,
        batch=4,
        captions=6,
        size=32,
        served_size=64,
        small=0.5,
        mixed=0.5,
    )
    first = Trainer(ImageTower(shipped.dim, shipped.logit_scale, 32), material, plan, teacher)
    before = [weight.clone() for weight in first.model.parameters()]
    first.run(tmp_path / "checkpoint.pt")
    moved = {
        name.split(".")[1] if "." in name else name
        for (name, weight), old in zip(first.start.named_parameters(), before, strict=True)
        if not torch.equal(weight, old)
    }
    assert moved == {"head", "logit_scale"}, "the trunk waits for its projection"
    again = Trainer(ImageTower(shipped.dim, shipped.logit_scale, 32), material, replace(plan, steps=2), teacher)
    made = again.run(tmp_path / "checkpoint.pt")
    assert again.step == 2
    assert not made.training
    for here, start, end in zip(*(one.parameters() for one in (made, again.start, again.average)), strict=True):
        assert torch.allclose(here, (start + end) / 2, atol=1e-6)
    trunk = [not torch.equal(*pair) for pair in zip(made.visual.trunk.parameters(), before[1:], strict=False)]
    assert not any(trunk[:2]), "the stem stays"
    assert any(trunk)
    found = measure(made, material, measured_positions(rows, {"0"}), 32)
    assert (found.images, set(found.by_game)) == (1, {"0"})


def test_held_out_games_are_measured_on_one_image_of_a_family_and_no_data_map() -> None:
    rows = [row("a", family="x"), row("b", family="x"), row("c", family="y"), row("d", family="z", game="h")]
    rows.append(Row("g", "p", "n.png", "", ("weapon",), (), "normal_map", "", "n"))
    assert len(measured_positions(rows, {"g"})) == 2
    assert len(measured_positions(rows, {"g", "h"}, per_cell=1)) == 2
