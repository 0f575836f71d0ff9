"""Reading one object whole, and telling an object's own fault from a store that serves nobody."""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import urllib3
from minio import Minio

from consumer.storage.denials import Denials
from consumer.storage.errors import (
    ObjectDeniedError,
    ObjectMissingError,
    ObjectTooLargeError,
    StoreDeniesError,
    StoreError,
    StoreUnavailableError,
)
from consumer.storage.s3_errors import s3_errors_translated
from schemas.objects import object_key

_CHUNK_BYTES: Final = 1024 * 1024
# Nobody stores it, so a store that lets us read says that it is missing, and one that does not says something else.
_ABSENT_KEY: Final = object_key("0" * 64, "png")
_MD5: Final = re.compile(r"[0-9a-f]{32}")
_ENCRYPTION: Final = "x-amz-server-side-encryption"
_EMPTY_ETAG: Final = hashlib.md5(b"", usedforsecurity=False).hexdigest()
# Shorter than readiness looks again, so that a fault is seen at its next look.
_LATELY_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class ObjectContent:
    """An object as it is stored; ``sha256`` is that of its bytes, in lower-case hex."""

    data: bytes
    sha256: str


class ObjectReader:
    """Gets objects, from any thread; blocks. Where one is denied, the store is asked for another that is not there."""

    def __init__(self, client: Minio, endpoint: str, timeout_seconds: float, readable_prefix: str) -> None:
        self._client = client
        self._endpoint = endpoint
        self._timeout_seconds = timeout_seconds
        self._absent_key = readable_prefix + _ABSENT_KEY
        self._denials = Denials()

    def get(self, bucket: str, key: str, max_bytes: int, stated_sha256: str | None = None) -> ObjectContent:
        """As :meth:`ObjectStore.get_content`."""
        try:
            content = self._read(bucket, key, max_bytes, stated_sha256)
        except ObjectDeniedError as error:
            if not self._denials.denied(bucket, key, time.monotonic()) and self._problem(bucket) is not None:
                raise self._denies(bucket) from error
            # Others may be read now. The denial can be older than that, the last one of an outage: it must hold.
            content = self._read(bucket, key, max_bytes, stated_sha256)
        self._denials.read(bucket, key, time.monotonic())
        return content

    def check(self, bucket: str) -> None:
        """Return when the store lets us read the bucket's objects; raises StoreError where it does not."""
        if self._denials.read_within(bucket, _LATELY_SECONDS, time.monotonic()):
            return
        problem = self._problem(bucket)
        if problem is not None:
            raise problem

    def _problem(self, bucket: str) -> StoreError | None:
        try:
            self._read(bucket, self._absent_key, 1)
        except (ObjectMissingError, ObjectTooLargeError):
            return None
        except ObjectDeniedError:
            return self._denies(bucket)
        except StoreError as error:
            return error
        return None

    def _denies(self, bucket: str) -> StoreDeniesError:
        return StoreDeniesError(
            f"the object store at {self._endpoint} denies us every object of bucket {bucket}: grant us s3:GetObject on "
            "its objects and s3:ListBucket on it (docs/access.md)"
        )

    def _read(self, bucket: str, key: str, max_bytes: int, stated_sha256: str | None = None) -> ObjectContent:
        place = f"{bucket}/{key}"
        with s3_errors_translated(self._endpoint, bucket, key):
            response = self._client.get_object(bucket, key)
            whole = False
            try:
                if _is_web_page(response):
                    raise StoreError(f"for {place} a web page was answered: is there a proxy before the object store?")
                data = self._read_bounded(response, place, max_bytes)
                whole = True
                if not data and response.headers.get("etag", "").strip('"') != _EMPTY_ETAG:
                    raise StoreError(f"for {place} nothing was answered, and not as of an object that is empty")
            finally:
                # A half-read answer would be taken for the next one's beginning.
                if not whole:
                    response.close()
                response.release_conn()
            digest = hashlib.sha256(data).hexdigest()
            # What the event states says more than an ETag, whose MD5 takes twice the time.
            if digest != stated_sha256 and _is_doubtful(response.headers, data):
                self._check_size(bucket, key, len(data))
            return ObjectContent(data, digest)

    def _check_size(self, bucket: str, key: str, size_bytes: int) -> None:
        stated = self._client.stat_object(bucket, key).size
        if stated is not None and stated != size_bytes:
            raise StoreError(
                f"for {bucket}/{key} {size_bytes} bytes were answered, and the store says that it has {stated}: "
                "is there a proxy before the object store?"
            )

    def _read_bounded(self, response: urllib3.BaseHTTPResponse, place: str, max_bytes: int) -> bytes:
        stated = response.headers.get("content-length")
        if stated is not None and int(stated) > max_bytes:
            raise ObjectTooLargeError(f"{place} has {int(stated)} bytes, at most {max_bytes} are read")
        deadline = time.monotonic() + self._timeout_seconds
        body = io.BytesIO()
        # Not decoded: a stored Content-Encoding must not blow a small object up.
        while chunk := response.read(min(_CHUNK_BYTES, max_bytes + 1 - body.tell()), decode_content=False):
            body.write(chunk)
            if body.tell() > max_bytes:
                raise ObjectTooLargeError(f"{place} has more than the {max_bytes} bytes that are read")
            if time.monotonic() > deadline:
                raise StoreUnavailableError(f"{place} did not come within {self._timeout_seconds:g} s")
        return body.getvalue()


def _is_doubtful(headers: Mapping[str, str], data: bytes) -> bool:
    """Tell whether a body is not that of its ETag, where this is an MD5: not of objects in parts or encrypted ones."""
    etag = headers.get("etag", "").strip('"').lower()
    if not _MD5.fullmatch(etag) or any(name.lower().startswith(_ENCRYPTION) for name in headers):
        return False
    return etag != hashlib.md5(data, usedforsecurity=False).hexdigest()


def _is_web_page(response: urllib3.BaseHTTPResponse) -> bool:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html"
