"""The objects of one file, and those of other files of its build that belong to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producer_tools.extraction.unity.files.environment import FencedEnvironment
from producer_tools.extraction.unity.objects.elsewhere import Elsewhere, Key, render_key


class Neighbours:
    """What the build says of the objects of one environment; what cannot be opened is None."""

    def __init__(self, elsewhere: Elsewhere, environment: FencedEnvironment) -> None:
        self._elsewhere = elsewhere
        self._environment = environment

    def alpha_by_pointer(self, reader: Any) -> Any:
        return self._reader(self._elsewhere.alpha_by_pointer, reader)

    def alpha_by_name(self, reader: Any) -> Any:
        return self._reader(self._elsewhere.alpha_by_name, reader)

    def is_holder(self, reader: Any) -> bool:
        """Tell whether a texture is nothing but the alpha of another."""
        return bool(self._elsewhere.holders) and self._key(reader) in self._elsewhere.holders

    def atlas_of(self, sprite: Any) -> Any:
        """Return the atlas of a sprite that does not say so itself, parsed: it is told while the game runs."""
        key = self._elsewhere.atlas_of.get(render_key(sprite.m_RenderDataKey))
        reader = self._at(key) if key else None
        return reader.parse_as_object() if reader else None

    def _reader(self, pairs: Mapping[Key, Key], reader: Any) -> Any:
        other = pairs.get(self._key(reader)) if pairs else None
        return self._at(other) if other else None

    def _key(self, reader: Any) -> Key:
        assets = reader.assets_file
        return Key(self._environment.place_of(assets), assets.name.casefold(), int(reader.path_id))

    def _at(self, key: Key) -> Any:
        try:
            return self._environment.assets_at(key.place, key.name).objects.get(key.path_id)
        except Exception:  # noqa: BLE001 - whatever is wrong with that file is told when it is extracted itself
            return None
