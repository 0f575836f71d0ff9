"""The services' rows of the fault table: what kind of fault each of their errors is."""

from __future__ import annotations

from typing import Final

from consumer.imaging.errors import ImageRejectedError
from consumer.services.errors import ChecksumMismatchError, ImageMismatchError
from consumer.storage.errors import (
    BucketMissingError,
    DatabaseError,
    DatabaseSetupError,
    DatabaseUnavailableError,
    ObjectDeniedError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectTooLargeError,
    RowRejectedError,
    StoreDeniesError,
    StoreError,
    StoreUnavailableError,
)
from consumer.storage.lake.errors import LakeError, LakeSetupError, LakeUnavailableError, RowUnfitError
from consumer.stream.failures.faults import FaultKind, FaultRow, FaultTable
from consumer.stream.partitions.source_topics import TopicMadeAnewError

# Rows that several services have.
_STORE_AWAY: Final = FaultRow(StoreUnavailableError, FaultKind.TRANSIENT, "the object store is unavailable")
_STORE_DENIES: Final = FaultRow(
    StoreDeniesError, FaultKind.TRANSIENT, "the object store denies everything: a right is missing"
)
_STORE_UNKNOWN: Final = FaultRow(
    StoreError, FaultKind.UNKNOWN, "the object store refused with an error that is not in this table"
)
_DATABASE_AWAY: Final = FaultRow(DatabaseUnavailableError, FaultKind.TRANSIENT, "the database is unavailable")
_DATABASE_SETUP: Final = FaultRow(
    DatabaseSetupError, FaultKind.TRANSIENT, "the database or a pooler must be set up otherwise"
)
_DATABASE_UNKNOWN: Final = FaultRow(
    DatabaseError, FaultKind.UNKNOWN, "the database refused with an error that is not in this table"
)


def tagger_faults(missing_object_grace_seconds: float) -> FaultTable:
    """Return the tagger's table; an object may appear within the grace period after its event."""
    return FaultTable(
        (
            _STORE_AWAY,
            FaultRow(
                ObjectMissingError,
                FaultKind.POISON,
                "the object is missing after its grace period",
                grace_seconds=missing_object_grace_seconds,
            ),
            FaultRow(BucketMissingError, FaultKind.TRANSIENT, "an allowed bucket does not exist: misconfigured"),
            _STORE_DENIES,
            FaultRow(ObjectForbiddenError, FaultKind.POISON, "the bucket or the key is not allowed"),
            FaultRow(ObjectDeniedError, FaultKind.POISON, "the object store denies this object, and not others"),
            FaultRow(ObjectTooLargeError, FaultKind.POISON, "the object is larger than AEGIS_TAGGER_MAX_OBJECT_BYTES"),
            _STORE_UNKNOWN,
            FaultRow(ChecksumMismatchError, FaultKind.POISON, "the object is not the one that was extracted"),
            FaultRow(ImageMismatchError, FaultKind.POISON, "the image is not the one that was extracted"),
            FaultRow(ImageRejectedError, FaultKind.POISON, "the object is not an image that can be decoded"),
        )
    )


def sink_faults() -> FaultTable:
    """Return the sink's table."""
    return FaultTable(
        (
            _DATABASE_AWAY,
            _DATABASE_SETUP,
            FaultRow(RowRejectedError, FaultKind.POISON, "the database rejects this row"),
            _DATABASE_UNKNOWN,
        )
    )


def comparer_faults() -> FaultTable:
    """Return the comparer's table. An object that is gone or cannot be decoded is passed over, and no fault."""
    return FaultTable(
        (
            _DATABASE_AWAY,
            _DATABASE_SETUP,
            _DATABASE_UNKNOWN,
            _STORE_AWAY,
            FaultRow(BucketMissingError, FaultKind.TRANSIENT, "the bucket of a stored texture does not exist"),
            _STORE_DENIES,
            _STORE_UNKNOWN,
        )
    )


def lake_faults() -> FaultTable:
    """Return the lake's table."""
    return FaultTable(
        (
            FaultRow(LakeUnavailableError, FaultKind.TRANSIENT, "the catalog or the object store is unavailable"),
            FaultRow(LakeSetupError, FaultKind.TRANSIENT, "the tables are missing or must be set up otherwise"),
            FaultRow(RowUnfitError, FaultKind.POISON, "the columns do not take this row"),
            FaultRow(LakeError, FaultKind.TRANSIENT, "the lake failed in a way that is no row's fault"),
            FaultRow(TopicMadeAnewError, FaultKind.TRANSIENT, "the topic was made anew: its records are read again"),
        )
    )
