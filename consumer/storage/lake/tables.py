"""The two tables of the lake: columns, partitions and properties. A column is only ever added, with a new id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DoubleType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

_TEXT: Final = StringType()
_ASSET_ID, _OCCURRED_AT = 1, 2

# pyiceberg would commit rows again on top of a snapshot that another writer made, without looking which of them are in
# it by now: a commit that does not go through must fail.
RETRIES: Final = "commit.retry.num-retries"
PROPERTIES: Final = {
    RETRIES: "0",
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    # Each commit writes the whole metadata; of the older ones so many stay.
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
}


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table; its name stands in the lake's namespace."""

    name: str
    schema: Schema


def partitions(buckets: int) -> PartitionSpec:
    """Return how both tables are cut up: by day, so that old data stays as it is, and by asset within a day."""
    return PartitionSpec(
        PartitionField(_OCCURRED_AT, 1000, DayTransform(), "occurred_day"),
        PartitionField(_ASSET_ID, 1001, BucketTransform(buckets), "asset_bucket"),
    )


def _field(number: int, name: str, kind: IcebergType, *, required: bool = False) -> NestedField:
    return NestedField(number, name, kind, required=required)


_TAGS: Final = ListType(
    40,
    StructType(
        _field(41, "category", _TEXT, required=True),
        _field(42, "tag", _TEXT, required=True),
        _field(43, "confidence", DoubleType(), required=True),
        _field(44, "source_model", _TEXT, required=True),
    ),
    element_required=True,
)

TAGGED: Final = TableSpec(
    "asset_tagged",
    Schema(
        _field(_ASSET_ID, "asset_id", _TEXT, required=True),
        _field(_OCCURRED_AT, "occurred_at", TimestamptzType(), required=True),
        _field(3, "removed", BooleanType(), required=True),
        _field(4, "event_id", _TEXT),
        _field(5, "extracted_event_id", _TEXT),
        _field(6, "extracted_at", TimestamptzType()),
        _field(7, "bucket", _TEXT),
        _field(8, "object_key", _TEXT),
        _field(9, "size_bytes", LongType()),
        _field(10, "sha256", _TEXT),
        _field(11, "content_type", _TEXT),
        _field(12, "width", IntegerType()),
        _field(13, "height", IntegerType()),
        _field(14, "mode", _TEXT),
        _field(15, "source", _TEXT),
        _field(16, "model_id", _TEXT),
        _field(17, "model_digest", _TEXT),
        _field(18, "model_precision", _TEXT),
        _field(19, "calibrated", BooleanType()),
        _field(20, "taxonomy_id", _TEXT),
        _field(21, "taxonomy_version", _TEXT),
        _field(22, "taxonomy_digest", _TEXT),
        _field(23, "tags", _TAGS, required=True),
        _field(24, "embedding", BinaryType()),
        _field(25, "source_partition", IntegerType()),
        _field(26, "source_offset", LongType()),
        _field(27, "record_topic", _TEXT, required=True),
        _field(28, "record_partition", IntegerType(), required=True),
        _field(29, "record_offset", LongType(), required=True),
        _field(30, "findings", _TEXT),
    ),
)

REVIEWED: Final = TableSpec(
    "asset_reviewed",
    Schema(
        _field(_ASSET_ID, "asset_id", _TEXT, required=True),
        _field(_OCCURRED_AT, "occurred_at", TimestamptzType(), required=True),
        _field(3, "event_id", _TEXT, required=True),
        _field(4, "category", _TEXT, required=True),
        _field(5, "tag", _TEXT, required=True),
        _field(6, "word", _TEXT, required=True),
        _field(7, "settles", BooleanType(), required=True),
        _field(8, "decided_by", _TEXT, required=True),
        _field(27, "record_topic", _TEXT, required=True),
        _field(28, "record_partition", IntegerType(), required=True),
        _field(29, "record_offset", LongType(), required=True),
    ),
)

TABLES: Final = (TAGGED, REVIEWED)
