"""Tags of one's own: silent until labels or verdicts speak for them, and then as any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.calibration import Calibration, CategoryCalibration, Platt, SharedScale
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.bundle.overlay import Overlay, OwnTag, laid_over, load_overlay, write_overlay
from consumer.tagging.bundle.revised import with_calibration, with_own_tags
from consumer.tagging.bundle.taught import Correction, Gain, Taught
from consumer.tagging.bundle.taxonomy import TaxonomyError, parse_taxonomy
from consumer.tagging.bundle.teachable import Teachable
from consumer.tagging.bundle.vocabulary import Vocabulary
from consumer.tagging.scoring.scorer import Scorer
from tests.unit.tagging.tiny import E0, E1, TAXONOMY_JSON, tiny_bundle

CALIBRATION = Calibration(
    labels_sha256="0",
    images=1,
    categories={
        "beasts": CategoryCalibration(shared=SharedScale(temperature=4, bias={}, background_bias=0)),
        "colours": CategoryCalibration(default=Platt(slope=0.5, bias=0)),
    },
)
CALLED_SO = AssetNames.of(["art/newt.png"])
OVERLAY = (
    Overlay()
    .with_tag("beasts", "newt", OwnTag(prompts=("a newt",), names=("newt",), synonyms=("salamander",)))
    .with_tag("colours", "teal", OwnTag(prompts=("teal",)))
)


def taught(tag: str, bias: float) -> Taught:
    """Return what says that whatever points along the second axis is this."""
    correction = Correction.of(bias, np.array([0, 12, 0, 0]))
    return Taught(
        verdicts=10, assets=10, gain=Gain(before=None, after=None, error=None), categories={"beasts": {tag: correction}}
    )


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return tiny_bundle(tmp_path / "tiny", calibration=CALIBRATION)


def test_a_new_tag_moves_no_confidence_and_stands_below_every_threshold(bundle: Bundle) -> None:
    laid = with_own_tags(bundle, OVERLAY)
    before, after = Scorer(bundle), Scorer(laid)
    for look in (E0, E1):
        assert after.probabilities(look, {}, CALLED_SO) == before.probabilities(look, {}, CALLED_SO)
        assert "newt" not in {tag.tag for tag in after.score(look, {}, CALLED_SO, threshold=0.0)}
    assert laid.silent == {("beasts", "newt"), ("colours", "teal")}


def test_people_can_say_and_search_it_and_verdicts_teach_it_from_the_first_day(bundle: Bundle) -> None:
    laid = with_own_tags(bundle, OVERLAY)
    known = Vocabulary.of(laid.vocabulary)
    assert known.has("beasts", "newt")
    assert known.meant_by("salamander") == ("newt",)
    assert {("beasts", "newt"), ("colours", "teal")} <= Teachable.of(laid).tags


def test_events_made_with_an_overlay_name_another_version_and_digest(bundle: Bundle) -> None:
    plain, laid = bundle.taxonomy_ref(), with_own_tags(bundle, OVERLAY).taxonomy_ref()
    other = with_own_tags(bundle, OVERLAY.without_tag("colours", "teal")).taxonomy_ref()
    assert laid.id == plain.id
    assert laid.version.startswith("1+own.")
    assert len({plain.version, laid.version, other.version}) == len({plain.digest, laid.digest, other.digest}) == 3
    assert with_own_tags(bundle, Overlay()).taxonomy_ref() == plain
    assert with_own_tags(bundle, OVERLAY).digest == bundle.digest, "embeddings stay comparable"


def test_a_tag_that_verdicts_taught_is_published_in_the_name_of_the_model(bundle: Bundle) -> None:
    learned = with_calibration(bundle, CALIBRATION.model_copy(update={"taught": taught("newt", -2.0)}))
    laid = with_own_tags(learned, OVERLAY)
    (newt,) = (tag for tag in Scorer(laid).score(E1, {}) if tag.category == "beasts")
    assert (newt.tag, newt.source_model) == ("newt", "tiny-clip")
    assert newt.confidence > 0.9
    assert "newt" not in {tag.tag for tag in Scorer(laid).score(E0, {})}
    assert laid.silent == {("colours", "teal")}


def test_what_was_taught_of_a_tag_that_is_gone_harms_nothing(bundle: Bundle) -> None:
    learned = with_calibration(bundle, CALIBRATION.model_copy(update={"taught": taught("newt", -2.0)}))
    assert Scorer(learned).probabilities(E1, {}) == Scorer(bundle).probabilities(E1, {})


def test_the_file_holds_what_was_added_and_is_readable(tmp_path: Path) -> None:
    write_overlay(tmp_path / "own.yaml", OVERLAY)
    assert load_overlay(tmp_path / "own.yaml") == OVERLAY
    assert "prompts:\n      - a newt" in (tmp_path / "own.yaml").read_text()
    write_overlay(tmp_path / "own.yaml", OVERLAY.without_tag("beasts", "newt").without_tag("colours", "teal"))
    assert load_overlay(tmp_path / "own.yaml") == Overlay()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "own.yaml is not YAML"),
        ("categories: {beasts: {newt: {}}}", "own.yaml: categories.beasts.newt.prompts: Field required"),
        ("categories: {beasts: {newt: {prompts: [x], off: true}}}", "own.yaml: categories.beasts.newt"),
        (None, "There is no overlay .*own.yaml: write one with `aegis taxonomy add`"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(TaxonomyError, match=sentence):
        load_overlay(tmp_path / "own.yaml")


@pytest.mark.parametrize(
    ("category", "tag", "sentence"),
    [
        ("plants", "fern", "has no category plants: choose one of beasts, colours"),
        ("beasts", "cat", "has the tag cat in beasts itself: take it out .* `aegis taxonomy remove cat`"),
        ("beasts", "hound", "has the tag hound in beasts itself"),
    ],
)
def test_tags_that_do_not_fit_the_bundle_are_refused(category: str, tag: str, sentence: str) -> None:
    overlay = Overlay().with_tag(category, tag, OwnTag(prompts=("x",)))
    with pytest.raises(TaxonomyError, match=sentence):
        laid_over(parse_taxonomy(TAXONOMY_JSON), overlay)
