"""Records that can never be tagged, one kind for each limit and each check."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL import Image

from schemas import AssetExtracted, ImageInfo, ObjectRef, Source, encode_event
from schemas.objects import object_key

# What asset-tagged takes in a run: five usual results, and less than one of "refused-result". The broker compares whole
# batches with it, so that good results that share one are refused too, and sent again alone.
MAX_RESULT_BYTES = 24 * 1024

Record = tuple[bytes, bytes | None, tuple[tuple[str, bytes], ...]]


def _event(event: AssetExtracted, **fields: object) -> Record:
    return event.asset_id.encode(), encode_event(event.model_copy(update=fields)), ()


@dataclass(frozen=True, slots=True)
class Poison:
    """Makes poison out of good events; ``objects`` are those of :func:`bad_objects`, as they lie in the store."""

    bucket: str
    objects: Mapping[str, ObjectRef]

    def record(self, kind: str, event: AssetExtracted) -> Record:
        """Return key, value and headers of one record of this kind."""
        if kind in self.objects:
            return _event(event, object=self.objects[kind])
        return _RECORDS[kind](self, event)


def _malformed(_: Poison, event: AssetExtracted) -> Record:
    return event.asset_id.encode(), encode_event(event)[:-20], ()


def _deep(_: Poison, event: AssetExtracted) -> Record:
    return event.asset_id.encode(), b'{"a":' * 5000 + b"1" + b"}" * 5000, ()


def _wrong_key(_: Poison, event: AssetExtracted) -> Record:
    return f"{event.asset_id}/other".encode(), encode_event(event), ()


def _unknown_version(_: Poison, event: AssetExtracted) -> Record:
    fields = json.loads(encode_event(event))
    return event.asset_id.encode(), json.dumps({**fields, "schema_version": "2.0"}).encode(), ()


def _many_headers(_: Poison, event: AssetExtracted) -> Record:
    return event.asset_id.encode(), encode_event(event), tuple((f"h{number}", b"x" * 100) for number in range(300))


def _removal_of_nothing(_: Poison, event: AssetExtracted) -> Record:
    return b"\xff" + event.asset_id.encode(), None, ()


def _forbidden_bucket(poison: Poison, event: AssetExtracted) -> Record:
    return _event(event, object=event.object.model_copy(update={"bucket": f"{poison.bucket}-private"}))


def _climbing_key(poison: Poison, event: AssetExtracted) -> Record:
    return _event(event, object=ObjectRef(bucket=poison.bucket, key=f"sha256/../../{poison.bucket}-private/secret.png"))


def _missing_object(poison: Poison, event: AssetExtracted) -> Record:
    return _event(event, object=ObjectRef(bucket=poison.bucket, key=object_key(f"{event.event_id.int:064x}", "png")))


def _wrong_checksum(_: Poison, event: AssetExtracted) -> Record:
    return _event(event, object=event.object.model_copy(update={"sha256": f"{event.event_id.int:064x}"}))


def _wrong_size(_: Poison, event: AssetExtracted) -> Record:
    return _event(event, object=event.object.model_copy(update={"size": 7}))


def _wrong_dimensions(_: Poison, event: AssetExtracted) -> Record:
    return _event(event, image=ImageInfo(width=4096, height=2, mode="RGB"))


def _refused_result(_: Poison, event: AssetExtracted) -> Record:
    """An event that its topic takes, whose result carries more than the broker takes on asset-tagged."""
    rng = random.Random(event.event_id.int)
    archive, path = ("".join(chr(rng.randrange(0x20000, 0x2A000)) for _ in range(4096)) for _ in range(2))
    return _event(event, source=Source(archive=archive, container_path=path))


_RECORDS: dict[str, Callable[[Poison, AssetExtracted], Record]] = {
    "malformed": _malformed,
    "deep": _deep,
    "wrong-key": _wrong_key,
    "unknown-version": _unknown_version,
    "many-headers": _many_headers,
    "removal-of-nothing": _removal_of_nothing,
    "forbidden-bucket": _forbidden_bucket,
    "climbing-key": _climbing_key,
    "missing-object": _missing_object,
    "wrong-checksum": _wrong_checksum,
    "wrong-size": _wrong_size,
    "wrong-dimensions": _wrong_dimensions,
    "refused-result": _refused_result,
}


def bad_objects(max_object_bytes: int) -> dict[str, bytes]:
    """Return the objects whose very bytes are poison, by kind."""
    whole = io.BytesIO()
    Image.linear_gradient("L").save(whole, "PNG")
    return {
        "no-image": b"this is not an image at all",
        "truncated": whole.getvalue()[:-100],
        "pixel-bomb": _bomb(60_000, 60_000),
        "too-large": bytes(max_object_bytes + 1),
    }


def _bomb(width: int, height: int) -> bytes:
    """Return a PNG that claims so many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


KINDS = (*_RECORDS, *bad_objects(1))
