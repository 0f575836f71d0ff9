"""Each kind of record that cannot be processed ends as a dead letter that says why, and stops nobody."""

from __future__ import annotations

import io
import json
import struct
import zlib

import pytest
from PIL import Image

from schemas import DeadLetter, Disposition, ObjectRef, Stage
from schemas.objects import object_key
from testkit.kafka_tools import Written
from testkit.running import Pipeline, new_asset_id, texture


def _history(letter: Written) -> DeadLetter:
    history = DeadLetter.from_headers(letter.headers)
    assert history is not None
    return history


def _png_header_of(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds one short, highly compressed line of pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def test_malformed_json(pipeline: Pipeline) -> None:
    """The value comes back byte for byte."""
    asset_id = new_asset_id("malformed")
    value = b'{"event_id": "\xff not json'
    partition, offset = await pipeline.publish_raw(asset_id.encode(), value)

    letter = await pipeline.dead_letter(asset_id)

    assert letter.value == value
    history = _history(letter)
    assert (history.error_class, history.error_stage) == ("MalformedEventError", Stage.DECODE_EVENT)
    assert (history.topic, history.partition, history.offset) == (pipeline.topics.extracted, partition, offset)
    assert history.disposition is Disposition.POISON
    assert history.group == pipeline.topics.tagger_group


async def test_an_unknown_major_version(pipeline: Pipeline) -> None:
    """A dead letter that an upgraded tagger can take later, not a crash."""
    asset_id = new_asset_id("version")
    fields = pipeline.event(asset_id, ObjectRef(bucket="b", key="k")).model_dump(mode="json")
    await pipeline.publish_raw(asset_id.encode(), json.dumps({**fields, "schema_version": "2.0"}).encode())

    history = _history(await pipeline.dead_letter(asset_id))

    assert (history.error_class, history.error_stage) == ("UnknownSchemaVersionError", Stage.DECODE_EVENT)
    assert "2.0" in history.error_message


async def test_a_key_that_is_not_the_asset_id(pipeline: Pipeline) -> None:
    """Compaction and order go by the key, so it must be the right one."""
    key = new_asset_id("key")
    event = pipeline.event("another-asset", pipeline.upload(texture(0)))
    await pipeline.publish_raw(key.encode(), event.model_dump_json(exclude_none=True).encode())

    assert _history(await pipeline.dead_letter(key)).error_class == "MalformedEventError"


async def test_an_object_that_is_missing_after_its_grace(pipeline: Pipeline) -> None:
    """It was tried more than once before."""
    # A bucket that is missing too is waited for.
    pipeline.upload(texture(7))
    asset_id = new_asset_id("missing")
    await pipeline.publish(pipeline.event(asset_id, ObjectRef(bucket=pipeline.bucket, key=object_key("0" * 64, "png"))))

    history = _history(await pipeline.dead_letter(asset_id))

    assert (history.error_class, history.error_stage) == ("ObjectMissingError", Stage.FETCH)
    assert history.attempts > 1


async def test_an_object_that_appears_within_its_grace_is_tagged(pipeline: Pipeline) -> None:
    """The event may be a moment ahead of the object."""
    asset_id = new_asset_id("late")
    data = texture(91)
    late = pipeline.upload(data, bucket=f"{pipeline.bucket}-elsewhere")
    await pipeline.publish(pipeline.event(asset_id, late.model_copy(update={"bucket": pipeline.bucket})))

    pipeline.upload(data)

    await pipeline.tagged(asset_id)


async def test_a_wrong_checksum(pipeline: Pipeline) -> None:
    """The object is not the one that was extracted."""
    asset_id = new_asset_id("checksum")
    reference = pipeline.upload(texture(8)).model_copy(update={"sha256": "0" * 64})
    await pipeline.publish(pipeline.event(asset_id, reference))

    history = _history(await pipeline.dead_letter(asset_id))

    assert (history.error_class, history.error_stage) == ("ChecksumMismatchError", Stage.FETCH)


async def test_a_wrong_size(pipeline: Pipeline) -> None:
    """As a wrong checksum."""
    asset_id = new_asset_id("size")
    reference = pipeline.upload(texture(9)).model_copy(update={"size": 5, "sha256": None})
    await pipeline.publish(pipeline.event(asset_id, reference))

    assert _history(await pipeline.dead_letter(asset_id)).error_class == "ChecksumMismatchError"


async def test_dimensions_that_are_not_those_of_the_event(pipeline: Pipeline) -> None:
    """What is given is checked."""
    asset_id = new_asset_id("dimensions")
    image = {"width": 640, "height": 480, "mode": "RGB"}
    await pipeline.publish(pipeline.event(asset_id, pipeline.upload(texture(10)), image=image))

    history = _history(await pipeline.dead_letter(asset_id))

    assert (history.error_class, history.error_stage) == ("ImageMismatchError", Stage.DECODE_IMAGE)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"this is not an image at all", id="text"),
        pytest.param(b"", id="nothing"),
        pytest.param(texture(11)[:-60], id="truncated"),
        pytest.param(_png_header_of(60_000, 60_000), id="decompression bomb"),
    ],
)
async def test_an_object_that_is_no_image_we_decode(pipeline: Pipeline, data: bytes) -> None:
    """A bomb is refused by its header, before it is decoded."""
    asset_id = new_asset_id("no-image")
    await pipeline.publish(pipeline.event(asset_id, pipeline.upload(data)))

    history = _history(await pipeline.dead_letter(asset_id))

    assert (history.error_class, history.error_stage) == ("ImageRejectedError", Stage.DECODE_IMAGE)


async def test_an_image_with_more_pixels_than_the_limit(pipeline: Pipeline) -> None:
    """The pipeline under test allows 2048 by 2048."""
    asset_id = new_asset_id("pixels")
    buffer = io.BytesIO()
    Image.new("L", (2049, 2048)).save(buffer, "PNG")
    await pipeline.publish(pipeline.event(asset_id, pipeline.upload(buffer.getvalue())))

    history = _history(await pipeline.dead_letter(asset_id))

    assert (history.error_class, history.error_stage) == ("ImageRejectedError", Stage.DECODE_IMAGE)
    assert "2049" in history.error_message


async def test_an_object_with_more_bytes_than_the_limit(pipeline: Pipeline) -> None:
    """The pipeline under test allows 1 MiB; the rest is not downloaded."""
    asset_id = new_asset_id("bytes")
    reference = pipeline.upload(b"\0" * (1024 * 1024 + 1))
    await pipeline.publish(pipeline.event(asset_id, reference))

    history = _history(await pipeline.dead_letter(asset_id))

    assert (history.error_class, history.error_stage) == ("ObjectTooLargeError", Stage.FETCH)


async def test_a_bucket_that_is_not_allowed(pipeline: Pipeline) -> None:
    """Although it exists and could be read with our credentials."""
    asset_id = new_asset_id("bucket")
    reference = pipeline.upload(texture(12), bucket=f"{pipeline.bucket}-private")
    await pipeline.publish(pipeline.event(asset_id, reference))

    history = _history(await pipeline.dead_letter(asset_id))

    assert (history.error_class, history.error_stage) == ("ObjectForbiddenError", Stage.FETCH)


async def test_a_malformed_tagged_event_is_a_dead_letter_of_the_sink(pipeline: Pipeline) -> None:
    """The sink's neighbour rows are stored all the same."""
    bad, good = new_asset_id("sink-bad"), new_asset_id("sink-good")
    await pipeline.publish_raw(bad.encode(), b"{}", topic=pipeline.topics.tagged)
    await pipeline.publish(pipeline.event(good, pipeline.upload(texture(13))))

    letter = await pipeline.dead_letter(bad, source_topic=pipeline.topics.tagged)
    await pipeline.stored(good)

    history = _history(letter)
    assert (history.error_class, history.group) == ("MalformedEventError", pipeline.topics.sink_group)
