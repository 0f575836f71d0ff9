"""The fault table from end to end: what a library raises, whom it blames, and so what happens to the record."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from xml.etree.ElementTree import ParseError

import asyncpg
import pytest
from minio.error import InvalidResponseError, S3Error, ServerError
from urllib3 import HTTPResponse
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError

from aegis.reference.faults_page import faults_page
from consumer.imaging.errors import ImageRejectedError, Rejection
from consumer.services.errors import ChecksumMismatchError, ImageMismatchError
from consumer.services.faults import sink_faults, tagger_faults
from consumer.storage.errors import ObjectMissingError, ObjectTooLargeError
from consumer.storage.postgres.pg_errors import pg_errors_translated
from consumer.storage.s3_errors import s3_errors_translated
from consumer.stream.failures.faults import FaultKind, FaultTable
from schemas import MalformedEventError

TRANSIENT, POISON, UNKNOWN = FaultKind.TRANSIENT, FaultKind.POISON, FaultKind.UNKNOWN


def _s3(code: str, status: int) -> S3Error:
    return S3Error(HTTPResponse(status=status), code, "message", "/resource", "request", "host")


def _translated(error: Exception, translate: Callable[[], AbstractContextManager[None]]) -> Exception:
    """Return what the storage layer makes of a library's error."""
    try:
        with translate():
            raise error  # noqa: TRY301 - as a library does
    except Exception as made:  # noqa: BLE001 - that is what is looked at
        return made


def _kind(table: FaultTable, error: Exception) -> FaultKind:
    return table.row_for(error).kind


POOL = object()


@pytest.mark.parametrize(("bucket", "key"), [("bucket", "a/../b"), ("bucket", "./a"), ("NOT A BUCKET", "key")])
def test_a_name_that_minio_does_not_ask_for_is_the_objects_own_fault(bucket: str, key: str) -> None:
    refused = ValueError("not supported")
    error = _translated(refused, lambda: s3_errors_translated("http://store", bucket, key))

    assert _kind(tagger_faults(10), error) is POISON


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        # an outage of the store, in all its forms
        (_s3("SlowDown", 503), TRANSIENT),
        (_s3("InternalError", 500), TRANSIENT),
        (_s3("ServiceUnavailable", 503), TRANSIENT),
        (_s3("XMinioServerNotInitialized", 503), TRANSIENT),
        (_s3("TooManyRequests", 429), TRANSIENT),
        (ServerError("bad gateway", 502), TRANSIENT),
        (InvalidResponseError(503, "text/html", "<html>"), TRANSIENT),
        (NewConnectionError(POOL, "refused"), TRANSIENT),  # type: ignore[arg-type]
        (ConnectTimeoutError("slow"), TRANSIENT),
        (ReadTimeoutError(POOL, "/", "slow"), TRANSIENT),  # type: ignore[arg-type]
        (MaxRetryError(POOL, "/", ProtocolError("cut")), TRANSIENT),  # type: ignore[arg-type]
        (ProtocolError("cut"), TRANSIENT),
        (ConnectionResetError(), TRANSIENT),
        (TimeoutError(), TRANSIENT),
        # an answer that nothing can be made of: not of S3, but of what lies before it
        (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "invalid"), TRANSIENT),
        (ParseError("no element found"), TRANSIENT),
        # our own credentials, or an allowed bucket that is not there: of all records, so of none
        (_s3("SignatureDoesNotMatch", 403), TRANSIENT),
        (_s3("InvalidAccessKeyId", 403), TRANSIENT),
        (_s3("RequestTimeTooSkewed", 403), TRANSIENT),
        (_s3("NoSuchBucket", 404), TRANSIENT),
        # the object's own fault
        (_s3("NoSuchKey", 404), POISON),
        (_s3("AccessDenied", 403), POISON),
        (_s3("KeyTooLongError", 400), POISON),
        # neither
        (_s3("InvalidArgument", 400), UNKNOWN),
        (ServerError("not modified", 304), UNKNOWN),
    ],
    ids=lambda value: getattr(value, "code", None) or type(value).__name__ if isinstance(value, Exception) else value,
)
def test_errors_of_the_object_store(raised: Exception, kind: FaultKind) -> None:
    """As minio and urllib3 raise them."""
    error = _translated(raised, lambda: s3_errors_translated("http://store", "bucket", "key"))

    assert _kind(tagger_faults(10), error) is kind


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        # an outage of the database, in all its forms
        (asyncpg.CannotConnectNowError("starting up"), TRANSIENT),
        (asyncpg.AdminShutdownError("shutting down"), TRANSIENT),
        (asyncpg.CrashShutdownError("crash of another session"), TRANSIENT),
        (asyncpg.ConnectionDoesNotExistError("closed in the middle"), TRANSIENT),
        (asyncpg.ConnectionFailureError("x"), TRANSIENT),
        (asyncpg.TooManyConnectionsError("x"), TRANSIENT),
        (asyncpg.OutOfMemoryError("x"), TRANSIENT),
        (asyncpg.DiskFullError("x"), TRANSIENT),
        (asyncpg.DeadlockDetectedError("x"), TRANSIENT),
        (asyncpg.SerializationError("x"), TRANSIENT),
        (asyncpg.LockNotAvailableError("x"), TRANSIENT),
        (asyncpg.QueryCanceledError("statement timeout"), TRANSIENT),
        (asyncpg.IdleInTransactionSessionTimeoutError("x"), TRANSIENT),
        (asyncpg.ReadOnlySQLTransactionError("a replica"), TRANSIENT),
        (asyncpg.PostgresIOError("x"), TRANSIENT),
        (asyncpg.InterfaceError("connection is closed"), TRANSIENT),
        (asyncpg.InternalClientError("out of step"), TRANSIENT),
        (ConnectionRefusedError(), TRANSIENT),
        (TimeoutError(), TRANSIENT),
        # not set up for us: of all rows, so of none
        (asyncpg.InvalidPasswordError("x"), TRANSIENT),
        (asyncpg.InvalidCatalogNameError("x"), TRANSIENT),
        (asyncpg.UndefinedTableError("x"), TRANSIENT),
        (asyncpg.InsufficientPrivilegeError("x"), TRANSIENT),
        # the row's own fault
        (asyncpg.CharacterNotInRepertoireError("x"), POISON),
        (asyncpg.UntranslatableCharacterError("x"), POISON),
        (asyncpg.NumericValueOutOfRangeError("x"), POISON),
        (asyncpg.CheckViolationError("x"), POISON),
        (asyncpg.NotNullViolationError("x"), POISON),
        (asyncpg.UniqueViolationError("x"), POISON),
        (asyncpg.ProgramLimitExceededError("x"), POISON),
        (OverflowError("x"), POISON),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"), POISON),
        # neither
        (asyncpg.InternalServerError("x"), UNKNOWN),
        (asyncpg.RaiseError("a trigger of somebody else's"), UNKNOWN),
        (asyncpg.FeatureNotSupportedError("x"), UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_errors_of_the_database(raised: Exception, kind: FaultKind) -> None:
    """As asyncpg raises them."""
    error = _translated(raised, pg_errors_translated)

    assert _kind(sink_faults(), error) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MalformedEventError("x"), POISON),
        (ChecksumMismatchError("x"), POISON),
        (ImageMismatchError("x"), POISON),
        (ImageRejectedError(Rejection.TOO_MANY_PIXELS, "x"), POISON),
        (ObjectTooLargeError("x"), POISON),
        (RuntimeError("the batcher is closed"), UNKNOWN),
        (ZeroDivisionError(), UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_errors_of_the_taggers_own(error: Exception, kind: FaultKind) -> None:
    assert _kind(tagger_faults(10), error) is kind


def test_only_a_missing_object_has_a_grace() -> None:
    """It may become visible a moment after its event; the setting says how long a moment is."""
    graced = {row.error: row.grace_seconds for row in tagger_faults(7) if row.grace_seconds}

    assert graced == {ObjectMissingError: 7}


def test_the_table_is_the_one_that_operators_read() -> None:
    """Each row with its reason, in docs/faults.md."""
    page = Path(__file__).resolve().parents[3] / "docs" / "faults.md"

    assert page.read_text() == faults_page()
    assert all(isinstance(row.kind, FaultKind) for table in (tagger_faults(1), sink_faults()) for row in table)
