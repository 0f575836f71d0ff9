"""What an asset is called: evidence for its tags."""

from __future__ import annotations

from typing import Protocol

from schemas import Source


class Named(Protocol):
    """What is told of an asset's names."""

    @property
    def asset_id(self) -> str: ...
    @property
    def source(self) -> Source | None: ...


def names_of(asset: Named) -> tuple[str | None, ...]:
    """Return what the asset is called, and what its file says that it is used for: evidence for its tags."""
    source = asset.source
    return (asset.asset_id,) if source is None else (source.name, source.container_path, asset.asset_id, source.usage)
