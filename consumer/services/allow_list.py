"""Which objects an event may make us read: an event is input, and must not point us at somebody else's data."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.storage.errors import ObjectForbiddenError
from schemas import ObjectRef


@dataclass(frozen=True, slots=True)
class Admission:
    """Allow-list of buckets and of key prefixes; no prefixes means every key."""

    buckets: frozenset[str]
    key_prefixes: tuple[str, ...] = ()

    def check(self, reference: ObjectRef) -> None:
        """Raise ObjectForbiddenError unless bucket and key are allowed; nothing is fetched to find out."""
        if reference.bucket not in self.buckets:
            raise ObjectForbiddenError(
                f"bucket {reference.bucket!r} is not allowed: add it to AEGIS_TAGGER_ALLOWED_BUCKETS if it should be"
            )
        if {".", ".."} & set(reference.key.split("/")):
            raise ObjectForbiddenError(
                f"key {reference.key[:120]!r} has a segment of dots, which some stores take for another folder"
            )
        if self.key_prefixes and not reference.key.startswith(self.key_prefixes):
            raise ObjectForbiddenError(
                f"key {reference.key[:120]!r} begins with none of AEGIS_TAGGER_ALLOWED_KEY_PREFIXES"
            )
