"""The event of a comparison: its id says of what it is and what was found, and nothing else."""

from __future__ import annotations

from itertools import permutations

from consumer.findings.relation import Relation
from consumer.searching.relatives import Found
from consumer.services.comparer import related_event
from consumer.storage.tables.duplicates.contents import Content
from schemas import AssetTagged
from schemas.documents.examples import tagged_full

TAGGED = AssetTagged.model_validate(tagged_full())


def found(name: str, relation: Relation = Relation.MIP_OF, *, assets: int = 1, of_asked: bool = True) -> Found:
    names = tuple(f"{name}-{number}" for number in range(assets))
    content = Content(name * 64, names, "bucket", "key", 10, "sha256:" + "a" * 64)
    return Found(content, names, relation, of_asked, bytes_saved=10)


def test_what_is_found_is_told_with_its_first_asset_and_who_is_what() -> None:
    event = related_event(TAGGED, [found("a", assets=3), found("b", Relation.CROPPED, of_asked=False)])

    assert [(item.asset_id, item.relation, item.said_of, item.assets) for item in event.related] == [
        ("a-0", "mip-of", "this", 3),
        ("b-0", "cropped", "other", 1),
    ]
    assert (event.asset_id, event.tagged_event_id) == (TAGGED.asset_id, TAGGED.event_id)


def test_a_redelivery_has_the_same_id_unless_there_is_more_to_tell() -> None:
    each = [found("a"), found("b", Relation.CROPPED), found("c", Relation.FLIPPED)]
    ids = {related_event(TAGGED, order).event_id for order in permutations(each)}

    assert len(ids) == 1
    assert related_event(TAGGED, [found("a", assets=2), *each[1:]]).event_id in ids
    assert related_event(TAGGED, each[:2]).event_id not in ids
    assert related_event(TAGGED, [found("a", of_asked=False), *each[1:]]).event_id not in ids
