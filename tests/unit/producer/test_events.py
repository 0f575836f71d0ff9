"""What an archive calls its textures becomes a valid event, whatever it is."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from producer_tools.delivery.events import extracted_event
from producer_tools.extraction.extract import ExtractedTexture
from producer_tools.extraction.names import AssetIds
from schemas import AssetExtracted, decode_event, encode_event

# As file names come: bytes that are no UTF-8 as lone surrogates, and NULs out of fixed-length fields.
_names = st.text(st.characters(), max_size=30) | st.builds(lambda text: text * 6000, st.text(min_size=1, max_size=2))
_maybe = st.none() | _names


@given(name=_names, archive=_maybe, container_path=_maybe, engine=_maybe, game=_maybe)
def test_any_names_become_a_valid_event(
    name: str, archive: str | None, container_path: str | None, engine: str | None, game: str | None
) -> None:
    """The extractor is its first reader: what it publishes nobody refuses later."""
    asset_id = AssetIds().assign(game or "", archive or "", container_path or name)
    texture = ExtractedTexture(
        asset_id, PurePosixPath("a.png"), 1, "0" * 64, 4, 4, "RGBA", archive, container_path, name, name, engine
    )

    event = extracted_event(texture, bucket="bucket", run_id="run", game=game)

    assert decode_event(AssetExtracted, encode_event(event)) == event
