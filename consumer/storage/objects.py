"""The object store: bytes by bucket and key, over S3."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeVar

import urllib3
from minio import Minio
from minio.error import S3Error

from consumer.storage.errors import BucketMissingError, ObjectMissingError, ObjectTooLargeError
from consumer.storage.object_reader import ObjectContent, ObjectReader
from consumer.storage.s3_credentials import credentials_of
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
        readable_prefix: str = "",
    ) -> None:
        """Connects to nothing yet.

        Args:
            connection: where the store is.
            threads: calls that run at once, each on a connection that is kept.
            connect_timeout_seconds: for one connection.
            read_timeout_seconds: silence of the store in the middle of an answer.
            object_timeout_seconds: for reading one whole object.
            readable_prefix: what keys begin with under which we may read, where that is not every key.

        """
        self.bucket: Final = connection.bucket
        self._endpoint = connection.endpoint
        self._http = urllib3.PoolManager(
            num_pools=2,
            maxsize=threads,
            block=False,
            timeout=urllib3.Timeout(connect=connect_timeout_seconds, read=read_timeout_seconds),
            # A redirect is answered as an error: an event must not lead us to another host.
            retries=urllib3.Retry(total=0, raise_on_redirect=False, raise_on_status=False),
            ssl_context=connection.tls_context() if connection.secure else None,
        )
        # The region is given, because the client would otherwise ask for it before each bucket's first call.
        self._client = Minio(
            endpoint=connection.address,
            credentials=credentials_of(connection),
            secure=connection.secure,
            region=connection.region,
            http_client=self._http,
        )
        self._reader = ObjectReader(self._client, self._endpoint, object_timeout_seconds, readable_prefix)
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
            ObjectDeniedError: this object is denied to us, and others are not.
            StoreDeniesError: every object is denied to us, as far as we can tell.
            ObjectMissingError, ObjectForbiddenError, StoreUnavailableError: see :func:`s3_errors_translated`.
            StoreError: the answer is not an object, nor what S3 says where there is none.

        """
        return (await self.get_content(bucket, key, max_bytes=max_bytes)).data

    async def get_content(
        self, bucket: str, key: str, *, max_bytes: int, stated_sha256: str | None = None
    ) -> ObjectContent:
        """Return what :meth:`get` does, with its digest; ``stated_sha256`` is the one it should have, as far as known.

        A digest that is not the one stated is for the caller to judge.
        """
        return await self._in_thread(self._reader.get, bucket, key, max_bytes, stated_sha256)

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

    async def check_reads(self) -> None:
        """As :meth:`ping`, and the store lets us read objects of our bucket; raises StoreError where it does not."""
        await self._in_thread(self._check_reads)

    def close(self) -> None:
        """Drop what waits and the idle connections; calls that run end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._http.clear()

    async def _in_thread(self, call: Callable[..., ResultT], *arguments: object) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)

    def _stat(self, bucket: str, key: str) -> StoredObject:
        with s3_errors_translated(self._endpoint, bucket, key):
            status = self._client.stat_object(bucket, key)
            return StoredObject(size_bytes=status.size or 0, content_type=status.content_type)

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

    def _check_reads(self) -> None:
        self._ping()
        self._reader.check(self.bucket)

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
