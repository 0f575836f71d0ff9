"""``asset-extracted``: a texture was extracted and is in the object store."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import MAX_INTEGER, Event, ImageInfo, ObjectRef, WireModel

HintText = Annotated[str, Field(max_length=4096)]


class Source(WireModel):
    """Origin of the asset in the game's files."""

    archive: str | None = Field(default=None, max_length=4096, description="Archive file that contains the asset")
    container_path: str | None = Field(default=None, max_length=4096, description="Path inside the archive")
    name: str | None = Field(default=None, max_length=1024, description="Name of the asset inside the archive")
    type: str | None = Field(default=None, max_length=255, description="Kind of asset, e.g. Texture2D, Sprite, image")
    engine: str | None = Field(default=None, max_length=255, description="Engine and version, e.g. unity 2021.3.5f1")
    game: str | None = Field(default=None, max_length=255, description="Game the archive belongs to")
    format: str | None = Field(default=None, max_length=64, description="Format of the texels in the game's file")
    usage: str | None = Field(
        default=None, max_length=64, description="Use that the file names: normal_map, lightmap, single_channel"
    )
    color_space: str | None = Field(default=None, max_length=64, description="Colour space of the file: srgb or linear")
    mip_count: int | None = Field(default=None, ge=1, le=MAX_INTEGER, description="Sizes that the file holds")
    wrap: str | None = Field(default=None, max_length=64, description="Wrap mode: repeat, clamp, mirror or mirror_once")
    belongs_to: str | None = Field(
        default=None,
        max_length=4096,
        description="Project, game or path whose textures such ids are of; others with other bytes replace them",
    )
    file_format: str | None = Field(
        default=None, max_length=64, description="Format of the image file that it was read from, e.g. JPEG"
    )
    file_mode: str | None = Field(
        default=None, max_length=32, description="Pixel mode of that file in Pillow's notation, e.g. P"
    )


class Extraction(WireModel):
    """The run that produced this event."""

    run_id: str | None = Field(default=None, max_length=255, description="Id of the run, shared by all its events")
    tool: str | None = Field(default=None, max_length=255, description="Extractor, as name/version")


class AssetExtracted(Event):
    """Published by an extractor after it has stored the object.

    An extractor in another language needs only ``event_id``, ``schema_version``, ``occurred_at``, ``asset_id`` and
    ``object`` with bucket and key; the tagger determines the rest.
    """

    CE_TYPE: ClassVar[str] = "aegis.asset.extracted.v1"
    SCHEMA_VERSION: ClassVar[str] = "1.0"

    object: ObjectRef
    image: ImageInfo | None = Field(default=None, description="Size and mode of the image, if the extractor knows them")
    source: Source | None = Field(default=None, description="Origin of the asset in the game's files")
    extraction: Extraction | None = Field(default=None, description="Run that produced this event")
    hints: dict[str, HintText] = Field(
        default_factory=dict, max_length=64, description="Free-form strings of the extractor, e.g. labels"
    )
