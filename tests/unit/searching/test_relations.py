"""The relations of two textures have the same names wherever they are told."""

from __future__ import annotations

from consumer.findings.relation import Relation
from consumer.storage.tables.search.filters import AGAIN
from schemas.related import RELATIONS


def test_events_and_searches_name_every_relation_that_is_told() -> None:
    assert tuple(Relation) == RELATIONS
    assert ("any", *RELATIONS) == AGAIN
