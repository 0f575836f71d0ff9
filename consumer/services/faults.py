"""Who is to blame for each error that a service can meet: its rows of the fault table."""

from __future__ import annotations

from consumer.services.errors import ChecksumMismatchError, ImageMismatchError
from consumer.storage.errors import (
    BucketMissingError,
    DatabaseError,
    DatabaseUnavailableError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectTooLargeError,
    RowRejectedError,
    StoreError,
    StoreUnavailableError,
)
from consumer.stream.faults import FaultKind, FaultRow, FaultTable
from consumer.tagging.errors import ImageRejectedError


def tagger_faults(missing_object_grace_seconds: float) -> FaultTable:
    """Return the tagger's table; an object may appear so many seconds after its event."""
    return FaultTable(
        (
            FaultRow(StoreUnavailableError, FaultKind.TRANSIENT, "the object store does not serve now"),
            FaultRow(
                ObjectMissingError,
                FaultKind.POISON,
                "the object is not there, and had its time to appear",
                grace_seconds=missing_object_grace_seconds,
            ),
            FaultRow(BucketMissingError, FaultKind.TRANSIENT, "an allowed bucket is not there: a fault of the set-up"),
            FaultRow(ObjectForbiddenError, FaultKind.POISON, "the object lies where we may not read"),
            FaultRow(ObjectTooLargeError, FaultKind.POISON, "the object is larger than we download"),
            FaultRow(StoreError, FaultKind.UNKNOWN, "the object store refuses for a reason that nobody listed"),
            FaultRow(ChecksumMismatchError, FaultKind.POISON, "the object is not the one that was extracted"),
            FaultRow(ImageMismatchError, FaultKind.POISON, "the image is not the one that was extracted"),
            FaultRow(ImageRejectedError, FaultKind.POISON, "the object is no image that we decode"),
        )
    )


def sink_faults() -> FaultTable:
    """Return the sink's table."""
    return FaultTable(
        (
            FaultRow(DatabaseUnavailableError, FaultKind.TRANSIENT, "the database does not take our work now"),
            FaultRow(RowRejectedError, FaultKind.POISON, "the database does not take this row"),
            FaultRow(DatabaseError, FaultKind.UNKNOWN, "the database refuses for a reason that nobody listed"),
        )
    )
