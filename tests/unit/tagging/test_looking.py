"""Images looked over on their way to the model: what is stated of them, and how a project judges it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from consumer.findings import registry
from consumer.findings.check import Finding
from consumer.findings.project import Project, Suppression
from consumer.findings.registry import BY_NAME
from consumer.imaging.decode import read_reduced
from consumer.imaging.facts import Origin, TextureFacts
from consumer.imaging.picture import ImageLimits
from consumer.tagging.looking import LookedOver, Looker, Stated, stated_by, stated_by_name
from schemas import AssetExtracted


def extracted(asset_id: str = "game/rock.png", tool: str | None = None, **source: Any) -> AssetExtracted:
    return AssetExtracted.model_validate(
        {
            "event_id": "0b8f7c3e-6f0a-4d0e-9a39-2f6f0a7d5c11",
            "schema_version": "1.0",
            "occurred_at": "2026-01-31T12:00:00Z",
            "asset_id": asset_id,
            "object": {"bucket": "b", "key": "k"},
            "source": source or None,
            "extraction": {"tool": tool} if tool else None,
        }
    )


def encoded(pixels: np.ndarray[Any, Any], file_format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, file_format)
    return file.getvalue()


def names(looker: Looker, data: bytes, stated: Stated, asset_id: str = "asset") -> set[str]:
    looked = looker.look(read_reduced(data, ImageLimits()), data, stated)
    assert looked is not None
    return {finding.name for finding in looker.judged(asset_id, looked)}


NOISE = np.random.default_rng(1).integers(0, 256, (64, 64, 3))
OPAQUE = encoded(np.dstack([NOISE, np.full((64, 64), 255)]).astype("u1"))
GREY = encoded(np.repeat(NOISE[..., :1], 3, axis=2).astype("u1"))


def test_an_image_is_judged_by_the_file_of_the_game_that_it_was_made_from() -> None:
    """An extractor writes grey files as colours, and a JPEG as PNG: that says nothing of the game's own file."""
    looker = Looker(Project())
    itself = stated_by(extracted(name="rock"))
    converted = stated_by(extracted(tool="aegis-tagger/0.1.0", name="rock"))
    grey = stated_by(extracted(tool="aegis-tagger/0.1.0", name="rock", file_format="PNG", file_mode="L"))
    colours = stated_by(extracted(name="rock", file_format="PNG", file_mode="RGB"))

    found = ["grey-as-colour" in names(looker, GREY, stated) for stated in (itself, converted, grey, colours)]

    assert found == [True, False, False, True]
    assert (itself.origin, converted.origin) == (None, Origin())


def test_what_the_game_says_of_a_texture_is_stated() -> None:
    event = extracted(format="BC1", usage="normal_map", mip_count=3, container_path="art/rock_normal.png")
    stated = stated_by(event)

    assert stated.facts == TextureFacts("BC1", "normal_map", None, 3, None)
    assert (stated.path, set(stated.told)) == ("art/rock_normal.png", {"normal"})


def test_only_words_that_checks_ask_for_make_a_difference() -> None:
    assert stated_by_name("a/stone.png") == stated_by_name("b/wood.png")
    assert stated_by_name("a/stone.png") != stated_by_name("a/stone_albedo.png")


def test_a_project_raises_switches_off_and_suppresses() -> None:
    unused = BY_NAME["alpha-unused"]
    suppression = Suppression(paths=("*/ui/*",), findings=(unused.id,), reason="drawn so")
    strict = Looker(Project.model_validate({"severities": {unused.id: "error"}, "suppressions": [suppression]}))
    blind = Looker(Project.model_validate({"severities": {unused.id: "off"}}))
    stated = stated_by_name("rock")
    looked = strict.look(read_reduced(OPAQUE, ImageLimits()), OPAQUE, stated)

    assert looked is not None
    (found,) = (finding for finding in strict.judged("game/rock", looked) if finding.id == unused.id)
    assert (found.name, found.severity, found.value) == ("alpha-unused", "error", 255)
    assert unused.name not in names(strict, OPAQUE, stated, "game/ui/rock")
    assert unused.name not in names(blind, OPAQUE, stated)


def test_of_a_large_jpeg_the_full_size_counts_and_lost_detail_is_not_judged() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (2050, 2050, 3)).astype("u1")
    data = encoded(pixels, "JPEG")
    picture = read_reduced(data, ImageLimits())
    looker = Looker(Project.model_validate({"limits": {"over-budget": 2049}}))

    looked = looker.look(picture, data, stated_by_name("rock_tile"))

    assert picture.full_size == (2050, 2050)
    assert looked is not None
    values = {finding.id: finding.value for finding in looked.findings}
    assert values[BY_NAME["over-budget"].id] == 2050
    assert not values.keys() & registry.OF_FULL_SIZE


def test_a_check_that_fails_leaves_an_image_without_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("consumer.tagging.looking.look_over", broken)

    assert Looker(Project()).look(read_reduced(GREY, ImageLimits()), GREY, stated_by_name("rock")) is None


def test_findings_of_a_normal_map_name_its_convention() -> None:
    looked = LookedOver(Stated(), (Finding("AEG302", 0.8),))
    (found,) = Looker(Project()).judged("asset", looked)

    assert (found.id, found.name, found.severity) == ("AEG302", "normal-directx", "info")
