"""`aegis model eval` and `calibrate` on a bundle that is small enough to see through, with real pictures."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from aegis.shared.bundles import opened
from aegis.verbs.models.model import command
from consumer.tagging.bundle.bundle import load_bundle
from consumer.tagging.bundle.overlay import Overlay, OwnTag, write_overlay
from export.bundles.finish import finish, textures
from export.bundles.openclip import Source, load, write_towers
from tests.unit.export.making import clip_config
from tests.unit.tagging.tiny import EXCLUSIVE, INDEPENDENT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
KEYS = {
    *("images", "top1", "map", "precision_at_default", "recall_at_default", "ece", "brier"),
    *("top1_with_names", "precision_published", "recall_published", "candidates"),
    *("tags_per_image", "by_tag", "by_group", "by_game"),
}
PALETTES = {
    **INDEPENDENT,
    "evidence": "pixels",
    "tags": {"warm_colors": {"prompts": ["warm"]}, "neon": {"prompts": ["neon"]}},
}
BEASTS = {**EXCLUSIVE, "tags": {"cat": {"prompts": ["cat"], "names": ["cat"]}, "dog": {"prompts": ["dog"]}}}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Warm and cool pictures of two games; whoever is warm is a cat, too."""
    folder = tmp_path_factory.mktemp("images")
    rng, rows = np.random.default_rng(0), ["file,game,group,source_path,beasts,color_palettes"]
    for number in range(24):
        warm = number % 2 == 0
        base = np.array([220, 90, 30] if warm else [30, 120, 220])
        pixels = (base + rng.integers(-25, 26, (24, 24, 3))).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        beast, palette = ("cat", "warm_colors") if warm else ("dog", "?neon")
        rows.append(f"{number}.png,game{number % 3},g,art/{beast}_{number}.png,{beast},{palette}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Path:
    """An untrained model with the vocabulary of these tests."""
    work = tmp_path_factory.mktemp("exported")
    taxonomy = {"id": "t", "version": "1", "categories": {"beasts": BEASTS, "color_palettes": PALETTES}}
    (work / "taxonomy.yaml").write_text(json.dumps(taxonomy))
    source = Source(str(clip_config(work)), None)
    # With some weights the pictures alone order everything right, and names have nothing to add.
    torch.manual_seed(0)
    loaded = load(source, (128, 128, 128), "pad")
    (work / "bundle").mkdir()
    pixels = textures(images, loaded.image)
    draft = write_towers(loaded, source, work / "bundle", pixels, name="tiny")
    finish(work / "bundle", draft, work / "taxonomy.yaml", pixels, ["int8"])
    return work / "bundle"


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    return shutil.copytree(exported, tmp_path / "bundle")


def labelled(images: Path) -> tuple[object, ...]:
    return ("--labels", images / "labels.csv", "--images", images)


def test_an_uncalibrated_bundle_is_measured_and_says_what_it_is(bundle: Path, images: Path, tmp_path: Path) -> None:
    done = run("eval", bundle, *labelled(images), "--json", tmp_path / "figures.json", "--report", tmp_path / "report")
    assert done.exit_code == 0, done.output
    assert "uncalibrated" in done.output
    document = json.loads((tmp_path / "figures.json").read_text())
    assert json.loads(run("eval", bundle, *labelled(images), "--json").stdout) == document
    assert set(document) == {"beasts", "color_palettes", "published"}
    assert set(document["published"]["by_game"]) == {"game0", "game1", "game2"}
    assert set(document["beasts"]) == KEYS
    assert document["beasts"]["images"] == 24
    assert document["color_palettes"]["by_tag"]["warm_colors"]["recall_at_half"] == 1
    page = (tmp_path / "report" / "index.html").read_text()
    assert "uncalibrated" in page
    assert "What is published" in page
    assert page.count("data:image/webp;base64,") >= 48
    assert not {'src="http', 'href="http', "<script"}.intersection(page.split())
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["index.html"]


def test_calibration_makes_confidences_fit_and_is_written_into_the_bundle(bundle: Path, images: Path) -> None:
    before = load_bundle(bundle)
    done = run("calibrate", bundle, *labelled(images), "--names-from", images / "labels.csv", "--precision", "int8")
    assert done.exit_code == 0, done.output
    after = load_bundle(bundle)
    assert after.calibration is not None
    assert after.digest == before.digest
    assert after.taxonomy_digest != before.taxonomy_digest
    assert after.calibration.precision == "int8"
    assert set(after.calibration.categories) == {"beasts", "color_palettes"}
    assert after.calibration.names is not None
    assert after.calibration.names.weights["beasts"]["cat"]["cat"] > 0
    assert "calibrated on 24 images on the int8 graph" in " ".join(run("info", bundle).output.split())


def test_calibration_of_a_new_bundle_shows_figures_with_the_names_that_it_fits(
    bundle: Path, images: Path, tmp_path: Path
) -> None:
    """Fitted on files that are called what they are not, names say other than they would unfitted."""
    swapped = {"cat_": "dog_", "dog_": "cat_"}
    misled = re.sub("cat_|dog_", lambda found: swapped[found[0]], (images / "labels.csv").read_text())
    (tmp_path / "names.csv").write_text(misled)
    shown = {}
    for how in (("calibrate", "--names-from", tmp_path / "names.csv"), ("eval", "--by-game")):
        run(how[0], bundle, *labelled(images), "--json", tmp_path / "figures.json", *how[1:])
        shown[how[0]] = json.loads((tmp_path / "figures.json").read_text())["beasts"]["top1_with_names"]
    assert shown["calibrate"] == shown["eval"]


def test_a_tag_of_ones_own_is_heard_once_labels_have_measured_it(
    bundle: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two such tags the labels name one: that is fitted with the vector of its prompts, and the other one waits."""
    overlay = Overlay().with_tag("beasts", "fox", OwnTag(prompts=("a fox",)))
    write_overlay(tmp_path / "own.yaml", overlay.with_tag("beasts", "newt", OwnTag(prompts=("a newt",))))
    monkeypatch.setenv("AEGIS_MODEL_OVERLAY", str(tmp_path / "own.yaml"))
    table = tmp_path / "labels.csv"
    table.write_text((images / "labels.csv").read_text().replace(",dog,", ",fox,"))
    before = opened(str(bundle))
    assert before.silent == {("beasts", "fox"), ("beasts", "newt")}

    done = run(
        "calibrate", bundle, "--labels", table, "--images", images, "--names-from", images / "labels.csv", "--json"
    )

    assert done.exit_code == 0, done.output
    after = opened(str(bundle))
    assert after.silent == {("beasts", "newt")}
    assert after.vectors["beasts"].names == ("cat", "dog", "fox")
    assert json.loads(done.stdout)["beasts"]["by_tag"]["fox"]["positives"] == 12
    assert "fox (beasts) heard; no event carries newt (beasts) yet" in " ".join(run("info", bundle).output.split())
    monkeypatch.delenv("AEGIS_MODEL_OVERLAY")
    assert opened(str(bundle)).vectors["beasts"].names == ("cat", "dog")


def test_games_are_judged_by_calibrations_that_have_not_seen_them_and_nothing_is_written(
    bundle: Path, images: Path
) -> None:
    before = load_bundle(bundle)
    done = run("eval", bundle, *labelled(images), "--by-game")
    assert done.exit_code == 0, done.output
    assert "by game left out" in done.output
    assert [line.split()[0] for line in done.output.splitlines() if line.startswith("game")].count("game1") == 1
    assert load_bundle(bundle).taxonomy_digest == before.taxonomy_digest
    assert load_bundle(bundle).calibration is None


def test_names_are_heard_only_when_asked_for(bundle: Path, images: Path, tmp_path: Path) -> None:
    run("calibrate", bundle, *labelled(images), "--names-from", images / "labels.csv")
    figures = {}
    for how in ((), ("--names",)):
        run("eval", bundle, *labelled(images), "--json", tmp_path / "figures.json", *how)
        figures[how] = json.loads((tmp_path / "figures.json").read_text())["beasts"]["by_tag"]["cat"]
    assert figures["--names",]["average_precision"] >= figures[()]["average_precision"]
    assert figures["--names",] != figures[()]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("file,beasts\ngone.png,cat\n", "gone.png, which cannot be read"),
        ("file,beasts\nlabels.csv,cat\n", "labels.csv, which cannot be used"),
        ("file,other\n0.png,x\n", "name no tag of the bundle's taxonomy"),
        ("picture\n0.png\n", "column named file"),
    ],
)
def test_labels_that_cannot_be_used_are_told_in_one_sentence(
    bundle: Path, images: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "bad.csv").write_text(text)
    done = run("eval", bundle, "--labels", tmp_path / "bad.csv", "--images", images)
    assert done.exit_code == 2
    assert sentence in done.output


def test_a_category_of_a_single_image_is_refused_with_what_to_do(bundle: Path, images: Path) -> None:
    """An image is judged by what others taught; the bundle stays as it was."""
    table = bundle.parent / "few.csv"
    table.write_text("file,game,beasts,color_palettes\n0.png,game0,cat,warm_colors\n1.png,game1,dog,\n")
    before = load_bundle(bundle)
    done = run("calibrate", bundle, "--labels", table, "--images", images)
    assert done.exit_code == 2, done.output
    assert "Too few images are labelled in color_palettes (1)" in " ".join(done.output.split())
    assert load_bundle(bundle).taxonomy_digest == before.taxonomy_digest


def test_labels_of_one_game_leave_parts_of_its_images_out(bundle: Path, images: Path) -> None:
    table = bundle.parent / "one.csv"
    rows = [f"{number}.png,game0,{'dog' if number % 2 else 'cat'}" for number in range(24)]
    table.write_text("\n".join(["file,game,beasts", *rows]) + "\n")
    done = run("calibrate", bundle, "--labels", table, "--images", images, "--names-from", images / "labels.csv")
    assert done.exit_code == 0, done.output
    assert load_bundle(bundle).calibration is not None
