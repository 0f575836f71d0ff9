"""What is written when a record is given up: the record byte for byte, or, where it is too large, the rest of it."""

from __future__ import annotations

from dataclasses import replace

from consumer.kafka.records import Publication, SourceRecord
from schemas import DeadLetter, dead_letter_topic

_KEY_BYTES_KEPT = 4096


def whole(record: SourceRecord, letter: DeadLetter) -> Publication:
    """Return key, value and headers as they are, with the history behind them."""
    return _publication(record, record.key, record.value, letter.to_headers(record.headers))


def remains(record: SourceRecord, letter: DeadLetter) -> Publication:
    """Return a dead letter that always fits, without the value and the headers; its history tells what is missing.

    A broker measures records compressed: its topic may hold one that no longer fits once our history is added. Without
    this the offset could never pass it.
    """
    missing = f"the value ({len(record.value or b'')} bytes) and the headers ({len(record.headers)})"
    key = record.key
    if key is not None and len(key) > _KEY_BYTES_KEPT:
        missing += f", and the key beyond its first {_KEY_BYTES_KEPT} bytes ({len(key)})"
        key = key[:_KEY_BYTES_KEPT]
    return _publication(record, key, b"", replace(letter, omitted=missing).to_headers(()))


def _publication(
    record: SourceRecord, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]
) -> Publication:
    # aiokafka takes no record that has neither.
    value = b"" if key is None and value is None else value
    return Publication(dead_letter_topic(record.topic), key, value, headers)
