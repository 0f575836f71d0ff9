"""How our producers' batches are compressed."""

from __future__ import annotations

from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from consumer.kafka.clients import make_producer
from schemas import encode_event
from schemas.connections import KafkaConnection
from schemas.documents.examples import tagged_full
from schemas.tagged import AssetTagged

_HEADER_BYTES = 61
_LZ4 = 3


async def test_lz4_is_as_quick_as_it_can_be() -> None:
    """In the compiled writer of batches that aiokafka uses, and not at the level that it has for a default."""
    await make_producer(KafkaConnection(bootstrap="127.0.0.1:9"), "test").stop()
    value = encode_event(AssetTagged.model_validate(tagged_full()))

    plain, packed = _batch(0, value), _batch(_LZ4, value)

    assert packed == codec.lz4_encode(plain, level=1) != codec.lz4_encode(plain)
    assert codec.lz4_decode(packed) == plain


def _batch(compression: int, value: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, 0, 1_000_000)
    for offset in range(100):
        builder.append(offset, 1_700_000_000_000, str(offset).encode(), value, [])
    return bytes(builder.build())[_HEADER_BYTES:]
