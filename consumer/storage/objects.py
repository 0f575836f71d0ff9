"""The object store: bytes by bucket and key, over S3."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeVar

import urllib3
from minio import Minio
from minio.error import S3Error

from consumer.storage.errors import (
    BucketMissingError,
    ObjectMissingError,
    ObjectTooLargeError,
    StoreUnavailableError,
)
from consumer.storage.s3_errors import s3_errors_translated
from schemas.connections import ObjectStoreConnection

ResultT = TypeVar("ResultT")

_CHUNK_BYTES: Final = 1024 * 1024
_MAX_PART_BYTES: Final = 5 * 1024 * 1024 * 1024
_BUCKET_IS_THERE: Final = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the store knows about an object without reading it."""

    size_bytes: int
    content_type: str | None


class ObjectStore:
    """An S3 client for asyncio: every call runs in a thread of the store's own bounded pool.

    Nothing is retried here: whoever calls knows how long an outage may last. A call that is cancelled gives up its
    result; its thread ends with the timeouts at the latest. Errors: see :func:`s3_errors_translated`.
    """

    def __init__(
        self,
        connection: ObjectStoreConnection,
        *,
        threads: int = 8,
        connect_timeout_seconds: float = 3.0,
        read_timeout_seconds: float = 15.0,
        object_timeout_seconds: float = 60.0,
    ) -> None:
        """Connects to nothing yet.

        Args:
            connection: where the store is.
            threads: calls that run at once, each on a connection that is kept.
            connect_timeout_seconds: for one connection.
            read_timeout_seconds: silence of the store in the middle of an answer.
            object_timeout_seconds: for reading one whole object.

        """
        self.bucket: Final = connection.bucket
        self._endpoint = connection.endpoint
        self._object_timeout_seconds = object_timeout_seconds
        self._http = urllib3.PoolManager(
            num_pools=2,
            maxsize=threads,
            block=False,
            timeout=urllib3.Timeout(connect=connect_timeout_seconds, read=read_timeout_seconds),
            # A redirect is answered as an error: an event must not lead us to another host.
            retries=urllib3.Retry(total=0, raise_on_redirect=False, raise_on_status=False),
        )
        # The region is given, because the client would otherwise ask for it before each bucket's first call.
        signed = bool(connection.access_key)
        self._client = Minio(
            endpoint=connection.address,
            access_key=connection.access_key if signed else None,
            secret_key=connection.secret_key.get_secret_value() if signed else None,
            secure=connection.secure,
            region=connection.region,
            http_client=self._http,
        )
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="object-store")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def get(self, bucket: str, key: str, *, max_bytes: int) -> bytes:
        """Return the object as it is stored, in one request.

        Raises:
            ObjectTooLargeError: by the size that the store states, before a byte of it is read; or, where it states
                none, as soon as more than ``max_bytes`` have come.
            ObjectMissingError, ObjectForbiddenError, StoreUnavailableError: see :func:`s3_errors_translated`.

        """
        return await self._in_thread(self._get, bucket, key, max_bytes)

    def download(self, bucket: str, key: str, path: Path, *, max_bytes: int) -> None:
        """Write the object to a file, piece by piece; blocks. For what is fetched once at a start, of any size.

        Raises:
            ObjectTooLargeError: the object has more than ``max_bytes``.
            ObjectMissingError, ObjectForbiddenError, StoreUnavailableError: see :func:`s3_errors_translated`.

        """
        with s3_errors_translated(self._endpoint, bucket, key), path.open("wb") as file:
            response = self._client.get_object(bucket, key)
            try:
                while chunk := response.read(_CHUNK_BYTES, decode_content=False):
                    file.write(chunk)
                    if file.tell() > max_bytes:
                        raise ObjectTooLargeError(f"{bucket}/{key} has more than the {max_bytes} bytes that are read")
            finally:
                response.close()
                response.release_conn()

    async def put_if_absent(self, key: str, data: bytes, content_type: str) -> bool:
        """Store the object in our bucket unless one of this size lies there; return whether it was uploaded.

        Meant for content-addressed keys: two writers at once store the same bytes, so the race is harmless.
        """
        return await self._in_thread(self._put_if_absent, key, data, content_type)

    async def stat(self, bucket: str, key: str) -> StoredObject:
        """Return what the store knows about an object; raises ObjectMissingError where there is none."""
        return await self._in_thread(self._stat, bucket, key)

    async def ensure_bucket(self) -> bool:
        """Create our bucket; return False where it was there."""
        return await self._in_thread(self._ensure_bucket)

    async def ping(self) -> None:
        """Return when the store answers and has our bucket; raises StoreUnavailableError or BucketMissingError."""
        await self._in_thread(self._ping)

    def close(self) -> None:
        """Drop what waits and the idle connections; calls that run end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._http.clear()

    async def _in_thread(self, call: Callable[..., ResultT], *arguments: object) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)

    def _get(self, bucket: str, key: str, max_bytes: int) -> bytes:
        with s3_errors_translated(self._endpoint, bucket, key):
            response = self._client.get_object(bucket, key)
            whole = False
            try:
                data = self._read_bounded(response, f"{bucket}/{key}", max_bytes)
                whole = True
                return data
            finally:
                # A half-read answer would be taken for the next one's beginning.
                if not whole:
                    response.close()
                response.release_conn()

    def _read_bounded(self, response: urllib3.BaseHTTPResponse, place: str, max_bytes: int) -> bytes:
        stated = response.headers.get("content-length")
        if stated is not None and int(stated) > max_bytes:
            raise ObjectTooLargeError(f"{place} has {int(stated)} bytes, at most {max_bytes} are read")
        deadline = time.monotonic() + self._object_timeout_seconds
        body = io.BytesIO()
        # Not decoded: a stored Content-Encoding must not blow a small object up.
        while chunk := response.read(min(_CHUNK_BYTES, max_bytes + 1 - body.tell()), decode_content=False):
            body.write(chunk)
            if body.tell() > max_bytes:
                raise ObjectTooLargeError(f"{place} has more than the {max_bytes} bytes that are read")
            if time.monotonic() > deadline:
                raise StoreUnavailableError(f"{place} did not come within {self._object_timeout_seconds:g} s")
        return body.getvalue()

    def _stat(self, bucket: str, key: str) -> StoredObject:
        with s3_errors_translated(self._endpoint, bucket, key):
            found = self._client.stat_object(bucket, key)
            return StoredObject(size_bytes=found.size or 0, content_type=found.content_type)

    def _put_if_absent(self, key: str, data: bytes, content_type: str) -> bool:
        try:
            if self._stat(self.bucket, key).size_bytes == len(data):
                return False
        except ObjectMissingError:
            pass
        with s3_errors_translated(self._endpoint, self.bucket, key):
            # One part: the server sees the object whole or not at all.
            part_bytes = max(min(len(data), _MAX_PART_BYTES), 5 * _CHUNK_BYTES)
            self._client.put_object(
                self.bucket, key, io.BytesIO(data), len(data), content_type=content_type, part_size=part_bytes
            )
        return True

    def _ensure_bucket(self) -> bool:
        with s3_errors_translated(self._endpoint, self.bucket):
            if self._client.bucket_exists(self.bucket):
                return False
            try:
                self._client.make_bucket(self.bucket)
            except S3Error as error:
                if error.code not in _BUCKET_IS_THERE:
                    raise
                return False
            return True

    def _ping(self) -> None:
        with s3_errors_translated(self._endpoint, self.bucket):
            there = self._client.bucket_exists(self.bucket)
        if not there:
            raise BucketMissingError(
                f"there is no bucket {self.bucket!r} at {self._endpoint}: create it, or correct AEGIS_S3_BUCKET"
            )
