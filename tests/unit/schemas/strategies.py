"""Events, dead letters and headers of every shape that the models allow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from schemas import (
    AssetExtracted,
    AssetRelated,
    AssetReviewed,
    AssetTagged,
    CausedBy,
    DeadLetter,
    Disposition,
    Embedding,
    Extraction,
    ImageInfo,
    Model,
    ObjectRef,
    Relative,
    ReviewedTag,
    Source,
    Stage,
    Tag,
    Taxonomy,
    TimingsMs,
    Verdict,
    Word,
)
from schemas.base import MAX_BIGINT, MAX_INTEGER
from schemas.dead_letters import HEADER_PREFIX

T = TypeVar("T")

# What UTF-8 can carry: everything but lone surrogates.
characters = st.characters(codec="utf-8")
# In a name no NUL either.
name_characters = st.characters(codec="utf-8", exclude_characters="\0")
digests = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def texts(max_size: int, min_size: int = 0) -> st.SearchStrategy[str]:
    # Long texts only where a limit is low: the limits themselves are pydantic's to keep.
    return st.text(characters, min_size=min_size, max_size=min(max_size, 40))


def names(max_size: int, min_size: int = 0) -> st.SearchStrategy[str]:
    return st.text(name_characters, min_size=min_size, max_size=min(max_size, 40))


def _maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


asset_ids = names(512, min_size=1)
objects = st.builds(
    ObjectRef,
    bucket=names(255, 1),
    key=names(1024, 1),
    size=_maybe(st.integers(0, MAX_BIGINT)),
    sha256=_maybe(digests),
    content_type=_maybe(texts(255)),
)
images = st.builds(ImageInfo, width=st.integers(1, MAX_INTEGER), height=st.integers(1, MAX_INTEGER), mode=names(32))
sources = st.builds(
    Source,
    archive=_maybe(texts(4096)),
    container_path=_maybe(texts(4096)),
    name=_maybe(texts(1024)),
    type=_maybe(texts(255)),
    engine=_maybe(texts(255)),
    game=_maybe(texts(255)),
)
extracted_events = st.builds(
    AssetExtracted,
    event_id=st.uuids(),
    schema_version=st.integers(0, 99).map(lambda minor: f"1.{minor}"),
    occurred_at=moments,
    asset_id=asset_ids,
    object=objects,
    image=_maybe(images),
    source=_maybe(sources),
    extraction=_maybe(st.builds(Extraction, run_id=_maybe(texts(255)), tool=_maybe(texts(255)))),
    hints=st.dictionaries(texts(40), texts(4096), max_size=5),
)

_tags = st.builds(
    Tag,
    tag=names(128, 1),
    category=names(128, 1),
    confidence=st.floats(0, 1),
    source_model=names(128, 1),
)
_milliseconds = st.floats(0, 1e12)
embeddings = st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=16).map(
    lambda numbers: Embedding.from_array(np.array(numbers))
)
tagged_events = st.builds(
    AssetTagged,
    event_id=st.uuids(),
    schema_version=st.just("1.0"),
    occurred_at=moments,
    asset_id=asset_ids,
    extracted_event_id=st.uuids(),
    extracted_at=moments,
    object=objects,
    image=images,
    tags=st.lists(_tags, max_size=5).map(lambda tags: tuple(sorted(tags, key=lambda tag: -tag.confidence))),
    model=st.builds(
        Model,
        id=names(255, 1),
        digest=digests.map("sha256:{}".format),
        precision=names(32),
        provider=texts(64),
        calibrated=st.booleans(),
    ),
    taxonomy=st.builds(Taxonomy, id=names(255, 1), version=names(64), digest=digests.map("sha256:{}".format)),
    timings_ms=st.builds(
        TimingsMs,
        wait=_milliseconds,
        fetch=_milliseconds,
        decode=_milliseconds,
        embed=_milliseconds,
        score=_milliseconds,
    ),
    caused_by=st.builds(
        CausedBy, topic=texts(249), partition=st.integers(0, MAX_INTEGER), offset=st.integers(0, MAX_BIGINT)
    ),
    source=_maybe(sources),
    embedding=embeddings,
)
reviewed_events = st.builds(
    AssetReviewed,
    event_id=st.uuids(),
    schema_version=st.just("1.0"),
    occurred_at=moments,
    asset_id=asset_ids,
    verdict=st.builds(
        Verdict, category=names(128, 1), tag=names(128, 1), word=st.sampled_from(Word), settles=st.booleans()
    ),
    by=names(128, 1),
    tags=st.lists(
        st.builds(
            ReviewedTag,
            tag=names(128, 1),
            category=names(128, 1),
            confidence=st.floats(0, 1),
            source_model=names(128, 1),
            verdict=_maybe(st.sampled_from(["confirmed", "added"])),
        ),
        max_size=5,
    ).map(lambda tags: tuple(sorted(tags, key=lambda tag: -tag.confidence))),
    caused_by=_maybe(
        st.builds(CausedBy, topic=texts(249), partition=st.integers(0, MAX_INTEGER), offset=st.integers(0, MAX_BIGINT))
    ),
)
related_events = st.builds(
    AssetRelated,
    schema_version=st.just("1.0"),
    occurred_at=moments,
    asset_id=asset_ids,
    sha256=digests,
    related=st.lists(
        st.builds(
            Relative,
            asset_id=asset_ids,
            sha256=digests,
            relation=names(32, 1),
            said_of=st.sampled_from(["this", "other"]),
            assets=st.integers(1, MAX_BIGINT),
            bytes_saved=st.integers(0, MAX_BIGINT),
        ),
        max_size=5,
    ).map(tuple),
)
events = extracted_events | tagged_events | reviewed_events | related_events

# Of a record before it first failed: names below the prefix are a dead letter's own.
_names = texts(40).filter(lambda name: not name.startswith(HEADER_PREFIX))
raw_headers = st.lists(st.tuples(_names, _maybe(st.binary(max_size=40))), max_size=6).map(tuple)
dead_letters = st.builds(
    DeadLetter,
    error_class=texts(40),
    error_message=st.text(characters, max_size=200),
    error_stage=st.sampled_from(Stage),
    topic=texts(249),
    partition=st.integers(0, 2**31),
    offset=st.integers(0, 2**63),
    timestamp=texts(24),
    group=texts(249),
    attempts=st.integers(1, 10**6),
    disposition=st.sampled_from(Disposition),
    first_failed_at=texts(24),
    last_failed_at=texts(24),
    replay_count=st.integers(0, 10**6),
    omitted=st.just("") | texts(200, 1),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(characters, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters, max_size=10), inner, max_size=4),
    max_leaves=12,
)
