from __future__ import annotations

from pathlib import Path

import pytest

from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.bundle.taxonomy import TaxonomyError, load_taxonomy, parse_taxonomy
from tests.unit.tagging.tiny import TAXONOMY_JSON

FIRST_SERVICE = {
    "object_types": (
        "character environment weapon vehicle prop architecture vegetation ui_element particle_effect skybox"
    ),
    "art_styles": "realistic stylized pixel_art low_poly anime cyberpunk fantasy sci_fi horror cartoon",
    "color_palettes": "monochrome warm_colors cool_colors high_contrast pastel vibrant earth_tones neon",
}


@pytest.mark.parametrize("category", FIRST_SERVICE)
def test_the_shipped_taxonomy_has_exactly_the_tags_of_the_first_service(category: str) -> None:
    taxonomy = load_taxonomy(default_bundle_path() / TAXONOMY)
    assert list(taxonomy.categories[category].tags) == FIRST_SERVICE[category].split()


def test_every_prompt_goes_into_every_template() -> None:
    category = parse_taxonomy(TAXONOMY_JSON).categories["beasts"]
    assert category.texts_of("cat") == ["a cat", "one cat", "some cat", "the cat", "cat"]


def test_comments_and_layout_do_not_change_the_digest_but_words_do() -> None:
    plain = parse_taxonomy(TAXONOMY_JSON)
    assert parse_taxonomy("# a remark\n" + TAXONOMY_JSON).digest == plain.digest
    assert parse_taxonomy(TAXONOMY_JSON.replace('"dog"', '"wolf"')).digest != plain.digest


def test_a_tag_is_silenced_as_the_shipped_file_says() -> None:
    """Which is YAML, where the word off means false."""
    text = (default_bundle_path() / TAXONOMY).read_text().replace("neon: {", "neon: {off: true, ")
    tags = parse_taxonomy(text).categories["color_palettes"].tags

    assert [name for name, tag in tags.items() if tag.off] == ["neon"]


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('"a {}"', '"a cat"', "exactly one {}"),
        ('"a {}", ', "", "at least 5"),
        ('"threshold": 0.2', '"threshold": 2', "less than or equal to 1"),
        ('"alias": "hound"', '"alias": "cat"', "two tags are shown as cat"),
        ('"exclusive": true', '"exclusiv": true', "exclusive"),
        ('"cat":', '"Big Cat":', "pattern"),
        ('{"id"', '{"id', "not YAML"),
    ],
)
def test_a_mistake_in_the_file_is_told_in_one_sentence(before: str, after: str, complaint: str) -> None:
    with pytest.raises(TaxonomyError, match=complaint.replace("{", "\\{")) as caught:
        parse_taxonomy(TAXONOMY_JSON.replace(before, after, 1))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="Cannot read the taxonomy"):
        load_taxonomy(tmp_path / "none.yaml")
