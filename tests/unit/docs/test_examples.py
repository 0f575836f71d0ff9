"""The events that a document shows are events."""

from __future__ import annotations

import pytest

from schemas import AssetExtracted, AssetTagged, decode_event
from tests.documents.facts import ROOT
from tests.documents.markdown import blocks

EXAMPLES = [
    block for block in blocks((ROOT / "docs" / "events.md").read_text(encoding="utf-8")) if block.language == "json"
]


@pytest.mark.parametrize(("number", "event"), [(0, AssetExtracted), (1, AssetTagged)])
def test_the_example_is_read_as_its_event(number: int, event: type[AssetExtracted | AssetTagged]) -> None:
    assert decode_event(event, EXAMPLES[number].text.encode()).asset_id == "demo-game/characters.unity3d/hero_diffuse"
