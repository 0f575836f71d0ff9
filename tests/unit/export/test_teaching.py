"""What people's verdicts teach: textures like those they judged get better tags, and what cannot be judged is left."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from consumer.tagging.bundle.bundle import BundleError, load_bundle
from consumer.tagging.bundle.calibration import Calibration, CategoryCalibration, Platt, SharedScale
from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.bundle.revised import untaught, with_calibration
from consumer.tagging.bundle.taught import Correction, Gain, Taught
from consumer.tagging.scoring.lessons import Lesson
from consumer.tagging.scoring.scorer import Scorer
from export.teaching.correct import corrected, fit_corrections
from export.teaching.judgements import judgements
from export.teaching.teach import LEAST_ASSETS, NothingTaughtError, forget, teach, teach_bundle
from tests.unit.tagging.tiny import E0, E1, E2, E3, tiny_bundle, write_tiny

CALIBRATION = Calibration(
    labels_sha256="0",
    images=1,
    categories={
        "beasts": CategoryCalibration(shared=SharedScale(temperature=4, bias={}, background_bias=0)),
        "colours": CategoryCalibration(default=Platt(slope=0.5, bias=0)),
    },
)
BEASTS = "beasts"


def lesson(at: int, embedding: NDArray[np.float32], tag: str, *, right: bool = True, category: str = BEASTS) -> Lesson:
    return Lesson(f"image-{at}", embedding, {}, AssetNames(), {(category, tag): right})


def near(centre: NDArray[np.float32], random: np.random.Generator, count: int) -> list[NDArray[np.float32]]:
    """Return embeddings around a direction, each of length one."""
    found = centre / np.linalg.norm(centre) + random.normal(0, 0.15, (count, 4))
    return [one.astype(np.float32) for one in found / np.linalg.norm(found, axis=1, keepdims=True)]


def hounds_that_look_like_cats(count: int = 40) -> list[Lesson]:
    """Here, what points from E0 towards E2 is a hound, which the model takes for a cat; the rest it gets right."""
    random = np.random.default_rng(7)
    told = [("hound", one) for one in near(E0 + E2, random, count // 2)]
    told += [("cat", one) for one in near(E0 - E2, random, count - count // 2)]
    return [lesson(at, one, tag) for at, (tag, one) in enumerate(told)]


def best(scorer: Scorer, embedding: NDArray[np.float32]) -> str:
    found = scorer.probabilities(embedding, {})[BEASTS]
    return max(found, key=found.__getitem__)


def test_textures_like_the_reviewed_ones_get_the_right_tag(tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny", calibration=CALIBRATION)
    others = near(E0 + E2, np.random.default_rng(8), 20)
    before = Scorer(load_bundle(tmp_path / "tiny"))

    teaching = teach_bundle(load_bundle(tmp_path / "tiny"), hounds_that_look_like_cats())

    after = Scorer(load_bundle(tmp_path / "tiny"))
    assert {best(before, one) for one in others} == {"cat"}
    assert {best(after, one) for one in others} == {"dog"}
    assert best(after, near(E0 - E2, np.random.default_rng(9), 1)[0]) == "cat"
    learned = teaching.categories[BEASTS]
    assert (learned.taught, learned.assets, learned.top1_before, learned.top1_after) == (True, 40, 0.5, 1.0)
    assert teaching.taught.gain.before == pytest.approx(0.5, abs=0.2)
    assert teaching.taught.gain.after == 1.0
    assert re.fullmatch(r"40 verdicts: precision at 0\.7 from 0\.\d\d to 1\.00 ± 0\.\d\d", teaching.taught.sentence)


def test_what_is_served_is_what_was_judged(tmp_path: Path) -> None:
    """The scorer gives, to the rounding of what a bundle stores, the confidences that the teaching was judged by."""
    bundle = tiny_bundle(tmp_path, calibration=CALIBRATION)
    lessons = [
        *hounds_that_look_like_cats(),
        *(lesson(100 + at, one, "red", right=at % 2 == 0, category="colours") for at, one in enumerate(_any(20))),
    ]
    taught = teach(bundle, lessons).taught
    scorer = Scorer(with_calibration(bundle, CALIBRATION.model_copy(update={"taught": taught})))

    for category in taught.categories:
        judged = judgements(bundle, lessons)[category]
        expected = corrected(judged, fit_corrections(judged).log_odds(judged.embeddings))
        served = [scorer.probabilities(one, {})[category] for one in judged.embeddings]
        assert np.array([list(row.values()) for row in served]) == pytest.approx(expected, abs=2e-4)


def _any(count: int) -> list[NDArray[np.float32]]:
    """Return embeddings that lie, one by one, on either side of what tells their colour."""
    random = np.random.default_rng(5)
    return [near(E1 + E3 * (1 if at % 2 == 0 else -1), random, 1)[0] for at in range(count)]


def test_rejections_alone_lower_a_tag_and_leave_the_others_their_shares(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path, calibration=CALIBRATION)
    random = np.random.default_rng(4)
    lessons = [lesson(at, one, "cat", right=False) for at, one in enumerate(near(E0 + E1, random, 30))]
    (judged,) = judgements(bundle, lessons).values()

    after = corrected(judged, fit_corrections(judged).log_odds(judged.embeddings))

    assert after[:, 0].mean() < judged.confidences[:, 0].mean() / 2
    assert after[:, 1].mean() > judged.confidences[:, 1].mean()


def test_a_confirmed_tag_of_an_exclusive_category_makes_the_others_wrong(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path, calibration=CALIBRATION)

    (judged,) = judgements(bundle, [lesson(0, E0, "hound")]).values()

    assert (judged.names, judged.right.tolist(), judged.wrong.tolist()) == (
        ("cat", "dog"),
        [[False, True]],
        [[True, False]],
    )


def test_what_a_test_on_the_pixels_alone_knows_is_not_taught(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path, calibration=CALIBRATION)
    lessons = [lesson(at, one, "neon", right=at % 2 == 0, category="colours") for at, one in enumerate(_any(20))]
    (judged,) = judgements(bundle, lessons).values()

    assert not fit_corrections(judged).weights.any()


@pytest.mark.parametrize(
    ("lessons", "why"),
    [
        pytest.param(
            hounds_that_look_like_cats(LEAST_ASSETS - 2),
            "beasts has 8 reviewed assets, and 10 of",
            id="few",
        ),
        pytest.param([lesson(0, E0, "unicorn")], "on no tag of the bundle's taxonomy", id="other tags"),
        pytest.param([], "on no tag of the bundle's taxonomy", id="none"),
    ],
)
def test_what_teaches_nothing_changes_nothing(tmp_path: Path, lessons: Sequence[Lesson], why: str) -> None:
    folder = write_tiny(tmp_path / "tiny", calibration=CALIBRATION)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    with pytest.raises(NothingTaughtError, match=why):
        teach_bundle(load_bundle(folder), lessons)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_verdicts_without_any_order_teach_nothing(tmp_path: Path) -> None:
    """Of what is alike, half is said to be a cat and half a hound: no texture left out can be told by that."""
    bundle = tiny_bundle(tmp_path, calibration=CALIBRATION)
    alike = near(E0 + E1, np.random.default_rng(3), 60)
    lessons = [lesson(at, one, ("cat", "hound")[at % 2]) for at, one in enumerate(alike)]

    with pytest.raises(NothingTaughtError, match="beasts predicts assets left out no better than before"):
        teach(bundle, lessons)


def test_equal_images_never_judge_each_other(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path, calibration=CALIBRATION)
    copies = [Lesson("same", E0, {}, AssetNames(), {(BEASTS, "hound"): True}) for _ in range(40)]

    with pytest.raises(NothingTaughtError, match="beasts has 40 reviewed assets"):
        teach(bundle, copies)


def test_what_was_taught_can_be_forgotten_and_is_replaced_by_the_next_teaching(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny", calibration=CALIBRATION)
    first = load_bundle(folder).taxonomy_digest
    teach_bundle(load_bundle(folder), hounds_that_look_like_cats())
    once = load_bundle(folder)
    teach_bundle(load_bundle(folder), hounds_that_look_like_cats())
    twice = load_bundle(folder)

    assert once.taxonomy_digest == twice.taxonomy_digest != first
    assert once.digest == twice.digest
    assert untaught(once).taxonomy_digest == first
    assert forget(folder)
    assert load_bundle(folder).taxonomy_digest == first
    assert not forget(folder)


def test_a_bundle_without_confidences_has_nothing_to_correct(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is uncalibrated, and verdicts correct confidences"):
        teach_bundle(tiny_bundle(tmp_path / "tiny"), hounds_that_look_like_cats())


def test_what_another_models_embeddings_taught_is_refused(tmp_path: Path) -> None:
    other = Taught(
        verdicts=1,
        assets=1,
        gain=Gain(before=None, after=None, error=None),
        categories={BEASTS: {"cat": Correction.of(0, np.zeros(5))}},
    )
    folder = write_tiny(tmp_path / "tiny", calibration=CALIBRATION.model_copy(update={"taught": other}))

    with pytest.raises(BundleError, match="taught by verdicts on embeddings of another model than tiny"):
        load_bundle(folder)
