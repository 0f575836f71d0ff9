"""From what the S3 client raises to whose fault it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from consumer.storage.errors import (
    BucketMissingError,
    ObjectForbiddenError,
    ObjectMissingError,
    StoreError,
    StoreUnavailableError,
)

_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchObject", "ResourceNotFound"})
_FORBIDDEN = frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidObjectState"})
# Our own credentials or clock are wrong: true of every record, so no single record may be blamed for it.
_OUR_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "AuthorizationHeaderMalformed",
    }
)
_BUSY = frozenset({"InternalError", "OperationAborted", "RequestTimeout", "ServiceUnavailable", "SlowDown"})
_TOO_MANY_REQUESTS = 429
_FIRST_SERVER_ERROR = 500


@contextmanager
def s3_errors_translated(endpoint: str, bucket: str, key: str = "") -> Iterator[None]:
    """Raise this package's errors in place of those of minio and urllib3.

    Raises:
        StoreUnavailableError: an outage; the same call may succeed later.
        ObjectMissingError, ObjectForbiddenError: the object's own fault.
        StoreError: any other refusal.

    """
    place = f"{bucket}/{key}" if key else f"bucket {bucket}"
    try:
        yield
    except S3Error as error:
        raise _of_s3_error(error, place, bucket) from error
    except (ServerError, InvalidResponseError) as error:
        raise _of_status(_status_of(error), place, endpoint) from error
    except (HTTPError, OSError) as error:
        raise StoreUnavailableError(f"the object store at {endpoint} does not answer: {_brief(error)}") from error
    except MinioException as error:
        raise StoreError(f"{place}: {error}") from error
    except ValueError as error:
        # minio checks names before it asks the server.
        raise ObjectForbiddenError(f"{place} is not a name that S3 knows: {error}") from error


def _of_s3_error(error: S3Error, place: str, bucket: str) -> StoreError:
    code = error.code or ""
    status = error.response.status
    if code == "NoSuchBucket":
        return BucketMissingError(f"there is no bucket {bucket!r}: create it, or correct AEGIS_S3_BUCKET")
    if code in _MISSING:
        return ObjectMissingError(f"there is no object {place}")
    if code in _FORBIDDEN:
        return ObjectForbiddenError(f"we may not use {place} ({code})")
    if code in _OUR_CREDENTIALS:
        return StoreUnavailableError(
            f"the object store refuses our credentials ({code}): check AEGIS_S3_ACCESS_KEY, AEGIS_S3_SECRET_KEY, "
            "AEGIS_S3_REGION and the clock"
        )
    if code in _BUSY or status >= _FIRST_SERVER_ERROR or status == _TOO_MANY_REQUESTS:
        return StoreUnavailableError(f"the object store cannot serve {place} now ({code})")
    return StoreError(f"the object store refuses {place}: {code}, {error.message}")


def _of_status(status: int, place: str, endpoint: str) -> StoreError:
    if status >= _FIRST_SERVER_ERROR or status == _TOO_MANY_REQUESTS:
        return StoreUnavailableError(f"the object store at {endpoint} cannot serve now: it answered HTTP {status}")
    return StoreError(f"{endpoint} answered HTTP {status} for {place}, and not as S3 does: is it an S3 endpoint?")


def _status_of(error: ServerError | InvalidResponseError) -> int:
    if isinstance(error, ServerError):
        return int(error.status_code)
    return int(error._code)  # noqa: SLF001 - minio shows it nowhere else


def _brief(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    text = str(reason if isinstance(reason, BaseException) else error)
    return text.rsplit(">: ", maxsplit=1)[-1] or type(error).__name__
