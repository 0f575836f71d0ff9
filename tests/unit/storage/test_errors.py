"""Whose fault an error of the services is."""

from __future__ import annotations

import ssl

import asyncpg
import pytest
from minio.error import S3Error, ServerError
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from consumer.storage.errors import (
    BucketMissingError,
    DatabaseError,
    DatabaseReadOnlyError,
    DatabaseSetupError,
    DatabaseUnavailableError,
    ObjectDeniedError,
    ObjectMissingError,
    PoolerModeError,
    RowRejectedError,
    StoreError,
    StoreUnavailableError,
)
from consumer.storage.postgres.pg_errors import pg_errors_translated
from consumer.storage.s3_errors import s3_errors_translated


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (asyncpg.AdminShutdownError("x"), DatabaseUnavailableError),
        (asyncpg.CannotConnectNowError("x"), DatabaseUnavailableError),
        (asyncpg.TooManyConnectionsError("x"), DatabaseUnavailableError),
        (asyncpg.DeadlockDetectedError("x"), DatabaseUnavailableError),
        (asyncpg.SerializationError("x"), DatabaseUnavailableError),
        (asyncpg.QueryCanceledError("x"), DatabaseUnavailableError),
        (asyncpg.ReadOnlySQLTransactionError("x"), DatabaseReadOnlyError),
        (asyncpg.ProtocolViolationError("unsupported startup parameter: options"), DatabaseSetupError),
        (asyncpg.ProtocolViolationError("server login has been failing, try again later"), DatabaseUnavailableError),
        (asyncpg.InvalidSQLStatementNameError("prepared statement does not exist"), PoolerModeError),
        (asyncpg.DuplicatePreparedStatementError("prepared statement exists"), PoolerModeError),
        (ssl.SSLCertVerificationError("unable to get local issuer certificate"), DatabaseUnavailableError),
        (asyncpg.DiskFullError("x"), DatabaseUnavailableError),
        (asyncpg.InvalidPasswordError("x"), DatabaseUnavailableError),
        (asyncpg.UndefinedTableError("x"), DatabaseUnavailableError),
        (asyncpg.InterfaceError("connection is closed"), DatabaseUnavailableError),
        (ConnectionRefusedError("x"), DatabaseUnavailableError),
        (TimeoutError(), DatabaseUnavailableError),
        (asyncpg.CharacterNotInRepertoireError("x"), RowRejectedError),
        (asyncpg.NumericValueOutOfRangeError("x"), RowRejectedError),
        (asyncpg.CheckViolationError("x"), RowRejectedError),
        (asyncpg.ProgramLimitExceededError("x"), RowRejectedError),
        (OverflowError("x"), RowRejectedError),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"), RowRejectedError),
        (asyncpg.InternalServerError("x"), DatabaseError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_database_errors_are_an_outage_or_the_rows_own(raised: Exception, expected: type[Exception]) -> None:
    with pytest.raises(DatabaseError) as caught, pg_errors_translated():
        raise raised
    assert type(caught.value) is expected


def _s3_error(code: str, status: int) -> S3Error:
    return S3Error(HTTPResponse(status=status), code, "message", "/resource", "request", "host")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (_s3_error("NoSuchKey", 404), ObjectMissingError),
        (_s3_error("NoSuchBucket", 404), BucketMissingError),
        (_s3_error("AccessDenied", 403), ObjectDeniedError),
        (_s3_error("AllAccessDisabled", 403), StoreUnavailableError),
        (_s3_error("SlowDown", 503), StoreUnavailableError),
        (_s3_error("XMinioServerNotInitialized", 503), StoreUnavailableError),
        (_s3_error("InternalError", 500), StoreUnavailableError),
        (_s3_error("SignatureDoesNotMatch", 403), StoreUnavailableError),
        (_s3_error("InvalidArgument", 400), StoreError),
        (ServerError("x", 502), StoreUnavailableError),
        (ServerError("x", 304), StoreError),
        (ProtocolError("x"), StoreUnavailableError),
        (ConnectionResetError("x"), StoreUnavailableError),
        (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "x"), StoreUnavailableError),
    ],
    ids=lambda value: getattr(value, "code", None) or getattr(value, "__name__", type(value).__name__),
)
def test_store_errors_are_an_outage_or_the_objects_own(raised: Exception, expected: type[Exception]) -> None:
    with pytest.raises(StoreError) as caught, s3_errors_translated("http://store", "bucket", "key"):
        raise raised
    assert type(caught.value) is expected
