"""``asset-related``: which stored textures an asset is again, and what one is of the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID, uuid5

from pydantic import FailFast, Field

from schemas.base import MAX_BIGINT, NO_NUL, AssetId, Event, Sha256, WireModel

# Never change it: a redelivered record whose comparison comes to the same must give the same id.
RELATED_NAMESPACE: Final = UUID("b0a2d0a5-0d0b-5c51-9a3e-6f0a3b1c7e42")
# What one is of the other, closest first.
RELATIONS: Final = (
    *("identical", "recompressed", "mip-of", "resized", "cropped", "padded"),
    *("alpha-differs", "flipped", "rotated", "recoloured"),
)


class Relative(WireModel):
    """Another content that is the same texture, and the first by name of the assets that have it."""

    asset_id: AssetId = Field(description="Id of the other asset; of several with its content the first by name")
    sha256: Sha256 = Field(description="SHA-256 of the other asset's content")
    relation: str = Field(
        min_length=1,
        max_length=32,
        pattern=NO_NUL,
        description=f"What one is of the other: {', '.join(RELATIONS[:-1])} or {RELATIONS[-1]}; a reader passes over "
        "those that it does not know",
    )
    said_of: Literal["this", "other"] = Field(
        description="Subject of the relation: this, where the event's asset is it of the other, or other, where the "
        "other is it of the event's asset"
    )
    assets: int = Field(ge=1, le=MAX_BIGINT, description="Number of other assets that have the content")
    bytes_saved: int = Field(ge=0, le=MAX_BIGINT, description="Bytes that are stored for the smaller of the two files")


class AssetRelated(Event):
    """Published by the comparer once for each tagged event: which textures that are stored the asset is again.

    A pair is told by the event of the one that was stored later, or by both. ``event_id`` is the UUIDv5 of the tagged
    event and of what was found, so that a redelivery gives the same id unless there is more to tell.
    """

    CE_TYPE: ClassVar[str] = "aegis.asset.related.v1"
    SCHEMA_VERSION: ClassVar[str] = "1.0"

    tagged_event_id: UUID = Field(description="event_id of the tagged event after which the asset was compared")
    sha256: Sha256 = Field(description="SHA-256 of the asset's content that was compared")
    related: Annotated[tuple[Relative, ...], FailFast()] = Field(
        description="The same texture in other assets, those that save most first; empty if there is none"
    )


def related_event_id(tagged_event_id: UUID, related: Iterable[Relative]) -> UUID:
    """Return the id of an event; neither the order of what is related nor the number of its assets matters."""
    told = sorted(f"{item.sha256} {item.relation} {item.said_of}" for item in related)
    return uuid5(RELATED_NAMESPACE, "\n".join([str(tagged_event_id), *told]))
