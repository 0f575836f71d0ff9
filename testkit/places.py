"""Where one run's records and objects are, read and written by clients that share nothing with the product's."""

from __future__ import annotations

import io
from collections.abc import Mapping

from minio import Minio

from schemas import ObjectRef, Topics
from schemas.connections import ObjectStoreConnection
from schemas.objects import object_key, sha256_hex


class Places:
    """For whatever holds the variables of a run."""

    __slots__ = ()
    environment: Mapping[str, str]

    @property
    def bootstrap(self) -> str:
        return self.environment["AEGIS_KAFKA_BOOTSTRAP"]

    @property
    def topics(self) -> Topics:
        return Topics(self.environment["AEGIS_TOPIC_PREFIX"])

    @property
    def bucket(self) -> str:
        return self.environment["AEGIS_S3_BUCKET"]

    @property
    def store(self) -> ObjectStoreConnection:
        return ObjectStoreConnection(
            endpoint=self.environment["AEGIS_S3_ENDPOINT"],
            access_key=self.environment["AEGIS_S3_ACCESS_KEY"],
            secret_key=self.environment["AEGIS_S3_SECRET_KEY"],
        )

    def store_client(self) -> Minio:
        connection = self.store
        return Minio(
            endpoint=connection.address,
            access_key=connection.access_key,
            secret_key=connection.secret_key.get_secret_value(),
            secure=connection.secure,
            region=connection.region,
        )

    def upload(self, data: bytes, extension: str = "png", bucket: str | None = None) -> ObjectRef:
        """Store bytes under their content address, in a bucket that is made where it is missing."""
        digest = sha256_hex(data)
        client = self.store_client()
        place = bucket or self.bucket
        if not client.bucket_exists(place):
            client.make_bucket(place)
        key = object_key(digest, extension)
        client.put_object(place, key, io.BytesIO(data), len(data))
        return ObjectRef(bucket=place, key=key, size=len(data), sha256=digest)

    def stored_object(self, key: str) -> bytes:
        """Return what lies in the bucket under this key."""
        answer = self.store_client().get_object(self.bucket, key)
        try:
            return bytes(answer.read())
        finally:
            answer.close()
            answer.release_conn()
