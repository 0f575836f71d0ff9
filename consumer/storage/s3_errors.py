"""From what the S3 client raises to whose fault it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.helpers import check_bucket_name, check_object_name
from urllib3.exceptions import HTTPError, SSLError

from consumer.storage.errors import (
    BucketMissingError,
    ObjectDeniedError,
    ObjectForbiddenError,
    ObjectMissingError,
    StoreError,
    StoreUnavailableError,
)

_MISSING = (ObjectMissingError, "there is no object {place}")
_DENIED = (
    ObjectDeniedError,
    "we may not use {place} ({code}): allow it to our keys, or set AEGIS_S3_ACCESS_KEY or AEGIS_S3_CREDENTIALS=aws",
)
_ARCHIVED = (ObjectForbiddenError, "{place} is archived ({code}): restore it, and redrive its event")
_UNUSABLE_NAME = (ObjectForbiddenError, "{place} is not a name that this store takes ({code})")
# Our own credentials or clock are wrong: true of every record, so no single record may be blamed for it.
_OUR_CREDENTIALS = (
    StoreUnavailableError,
    "the object store refuses our credentials ({code}): check the AEGIS_S3_… settings and the clock",
)
_OUR_ACCOUNT = (StoreUnavailableError, "the object store serves nothing to our account ({code})")
_BY_CODE: dict[str, tuple[type[StoreError], str]] = {
    "NoSuchBucket": (
        BucketMissingError,
        "there is no bucket {bucket!r}: create it, or correct AEGIS_S3_BUCKET",
    ),
    "NoSuchKey": _MISSING,
    "NoSuchVersion": _MISSING,
    "NoSuchObject": _MISSING,
    "ResourceNotFound": _MISSING,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _OUR_ACCOUNT,
    "AccountProblem": _OUR_ACCOUNT,
    "InvalidObjectState": _ARCHIVED,
    "KeyTooLongError": _UNUSABLE_NAME,
    "InvalidBucketName": _UNUSABLE_NAME,
    "InvalidObjectName": _UNUSABLE_NAME,
    "InvalidURI": _UNUSABLE_NAME,
    "AuthorizationHeaderMalformed": _OUR_CREDENTIALS,
    "ExpiredToken": _OUR_CREDENTIALS,
    "InvalidAccessKeyId": _OUR_CREDENTIALS,
    "InvalidToken": _OUR_CREDENTIALS,
    "RequestTimeTooSkewed": _OUR_CREDENTIALS,
    "SignatureDoesNotMatch": _OUR_CREDENTIALS,
}
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
        if isinstance(_reason(error), SSLError):
            raise StoreUnavailableError(
                f"the object store at {endpoint} shows a certificate that we do not trust ({_brief(error)}): set "
                "AEGIS_S3_CA_FILE to the CA that signed it, or use the name in AEGIS_S3_ENDPOINT that it was made for"
            ) from error
        raise StoreUnavailableError(f"the object store at {endpoint} does not answer: {_brief(error)}") from error
    except MinioException as error:
        raise StoreError(f"{place}: {error}") from error
    except (ValueError, ParseError) as error:
        fault = _fault_of_name(bucket, key)
        if fault is not None:
            raise ObjectForbiddenError(f"{place} is not a name that S3 knows: {fault}") from error
        raise StoreUnavailableError(
            f"for {place} {endpoint} answered what cannot be read, and not as S3 does: is there a proxy before the "
            f"object store? ({error})"
        ) from error


def _fault_of_name(bucket: str, key: str) -> ValueError | None:
    """Return why minio does not ask the server for this at all, if that is so."""
    try:
        check_bucket_name(bucket, s3_check=True)
        if key:
            check_object_name(key)
    except ValueError as error:
        return error
    return None


def _of_s3_error(error: S3Error, place: str, bucket: str) -> StoreError:
    code = error.code or ""
    if error.response.status >= _FIRST_SERVER_ERROR or error.response.status == _TOO_MANY_REQUESTS or code in _BUSY:
        return StoreUnavailableError(f"the object store cannot serve {place} now ({code})")
    kind, sentence = _BY_CODE.get(code, (StoreError, "the object store refuses {place}: {code}, {message}"))
    return kind(sentence.format(place=place, bucket=bucket, code=code, message=error.message))


def _of_status(status: int, place: str, endpoint: str) -> StoreError:
    if status >= _FIRST_SERVER_ERROR or status == _TOO_MANY_REQUESTS:
        return StoreUnavailableError(f"the object store at {endpoint} cannot serve now: it answered HTTP {status}")
    return StoreError(f"{endpoint} answered HTTP {status} for {place}, and not as S3 does: is it an S3 endpoint?")


def _status_of(error: ServerError | InvalidResponseError) -> int:
    if isinstance(error, ServerError):
        return int(error.status_code)
    return int(error._code)  # noqa: SLF001 - minio shows it nowhere else


def _reason(error: BaseException) -> BaseException:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, BaseException) else error


def _brief(error: BaseException) -> str:
    text = str(_reason(error))
    return text.rsplit(">: ", maxsplit=1)[-1] or type(error).__name__
