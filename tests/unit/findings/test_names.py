"""What names say: words as people write them together."""

from __future__ import annotations

import pytest

from consumer.findings.names import words


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("art/Rock_baseColor.png", {"rock", "base", "color", "rockbase", "basecolor"}),
        ("art\\wall-NRM-02.tga", {"wall", "nrm", "02", "wallnrm", "nrm02"}),
        ("sky.dds/3", {"sky"}),
        ("art/7.png", {"7"}),
        ("7", {"7"}),
        ("", set()),
    ],
)
def test_a_name_is_split_into_words_and_pairs_of_words(path: str, said: set[str]) -> None:
    assert words(path) == said
