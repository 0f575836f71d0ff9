"""What names are worth: learned game by game, doubted where few games say it."""

from __future__ import annotations

import json

from consumer.tagging.bundle.taxonomy import parse_taxonomy
from export.evaluation.labels import LabelledImage
from export.evaluation.names_fit import fit_names
from tests.unit.tagging.tiny import EXCLUSIVE

TAXONOMY = parse_taxonomy(
    json.dumps(
        {
            "id": "t",
            "version": "1",
            "categories": {
                "beasts": EXCLUSIVE
                | {
                    "tags": {
                        "cat": {"prompts": ["cat"], "names": ["cat", "_c", "lynx"]},
                        "dog": {"prompts": ["dog"], "names": ["dog", "_q"]},
                    }
                }
            },
        }
    )
)


def image(path: str, tag: str, game: str) -> LabelledImage:
    return LabelledImage(path, game, "", path, {"beasts": (tag,)}, {})


def weights(images: list[LabelledImage]) -> dict[str, dict[str, float]]:
    return fit_names(TAXONOMY, images, "0" * 64).weights["beasts"]


def test_a_name_that_is_right_in_many_games_is_worth_more_than_one_games_habit() -> None:
    everywhere = [image("cat_1.png", "cat", f"game{number}") for number in range(8)]
    others = [image("x.png", "dog", f"game{number}") for number in range(8)]
    one_game = [image(f"lynx{number}.png", "cat", "game0") for number in range(400)]
    found = weights([*everywhere, *others, *one_game])["cat"]
    assert found["cat"] > found["lynx"] > 0


def test_a_suffix_that_misleads_is_worth_little_or_less() -> None:
    """`button_n` and `sky_n`: the last letter means something else in most games."""
    right = [image("wall_c", "cat", "game0")]
    wrong = [image("button_c", "dog", f"game{number}") for number in range(1, 7)]
    others = [image("lynx", "cat", f"game{number}") for number in range(7)]
    assert weights([*right, *wrong, *others])["cat"]["_c"] < 0


def test_a_pattern_that_no_path_has_gets_the_mean_and_a_single_letter_half_of_it() -> None:
    images = [image("cat.png", "cat", f"g{number}") for number in range(5)]
    images += [image("dog.png", "dog", f"g{number}") for number in range(5)]
    found = weights(images)
    assert found["cat"]["lynx"] > 0
    assert 0 < found["dog"]["_q"] < found["cat"]["lynx"]
