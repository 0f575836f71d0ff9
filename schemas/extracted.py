"""``asset-extracted``: a texture was taken out of an archive and lies in the object store."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Event, ImageInfo, ObjectRef, WireModel

HintText = Annotated[str, Field(max_length=4096)]


class Source(WireModel):
    """Where the asset comes from inside the game's files."""

    archive: str | None = Field(default=None, max_length=4096, description="File the asset was taken from")
    container_path: str | None = Field(default=None, max_length=4096, description="Path inside the archive")
    name: str | None = Field(default=None, max_length=1024, description="Name of the asset inside the archive")
    type: str | None = Field(default=None, max_length=255, description="Kind of asset, e.g. Texture2D, Sprite, image")
    engine: str | None = Field(default=None, max_length=255, description="Engine and version, e.g. unity 2021.3.5f1")
    game: str | None = Field(default=None, max_length=255, description="Game the archive belongs to")


class Extraction(WireModel):
    """The run that produced this event."""

    run_id: str | None = Field(default=None, max_length=255, description="The same for all events of one run")
    tool: str | None = Field(default=None, max_length=255, description="Extractor as name/version")


class AssetExtracted(Event):
    """Published by an extractor once the object is stored.

    An extractor in another language needs only ``event_id``, ``schema_version``, ``occurred_at``, ``asset_id`` and
    ``object`` with bucket and key; the tagger finds out the rest itself.
    """

    CE_TYPE: ClassVar[str] = "aegis.asset.extracted.v1"
    SCHEMA_VERSION: ClassVar[str] = "1.0"

    object: ObjectRef
    image: ImageInfo | None = Field(default=None, description="What the extractor knows of the image")
    source: Source | None = Field(default=None, description="Where the asset comes from inside the game's files")
    extraction: Extraction | None = Field(default=None, description="The run that produced this event")
    hints: dict[str, HintText] = Field(
        default_factory=dict, max_length=64, description="Free map of strings, e.g. labels"
    )
