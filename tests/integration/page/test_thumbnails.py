"""What a texture's page makes of a picture is made once: a content stays what it is."""

from __future__ import annotations

from consumer.gateway.page.thumbnails import Thumbnails
from consumer.imaging.picture import ImageLimits
from consumer.storage.objects import ObjectStore
from schemas.connections import ObjectStoreConnection
from schemas.objects import object_key, sha256_hex
from tests.unit.producer.making import png


async def test_the_colours_of_a_content_are_found_once(object_store_connection: ObjectStoreConnection) -> None:
    """What could not be found is looked for again."""
    data = png(1)
    digest, key = sha256_hex(data), object_key(sha256_hex(data), "png")
    async with ObjectStore(object_store_connection) as store:
        await store.ensure_bucket()
        bucket = store.bucket

        async def location(sha256: str) -> tuple[str, str]:
            return bucket, object_key(sha256, "png")

        thumbnails = Thumbnails(store, location, ImageLimits())
        assert await thumbnails.swatches(digest) == ()
        await store.put_if_absent(key, data, "image/png")
        found = await thumbnails.swatches(digest)
        assert len(found) > 1
    # The store is closed now.
    assert await thumbnails.swatches(digest) == found
    await thumbnails.close()
