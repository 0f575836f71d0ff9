"""An event cannot point us at objects that nobody allowed."""

from __future__ import annotations

import pytest

from consumer.services.allow_list import Admission
from consumer.storage.errors import ObjectForbiddenError
from schemas import ObjectRef


def test_a_bucket_that_is_not_listed_is_refused_with_the_setting_that_would_allow_it() -> None:
    """The sentence says what to change."""
    admission = Admission(frozenset({"textures"}))

    with pytest.raises(ObjectForbiddenError, match=r"'secrets'.*AEGIS_TAGGER_ALLOWED_BUCKETS"):
        admission.check(ObjectRef(bucket="secrets", key="a.png"))


def test_without_prefixes_every_key_of_an_allowed_bucket_may_be_read() -> None:
    """The usual case."""
    Admission(frozenset({"textures"})).check(ObjectRef(bucket="textures", key="any/key.png"))


@pytest.mark.parametrize("key", ["../secrets/a.png", "sha256/../../secrets/a.png", "./a.png", "a/.."])
def test_a_key_that_climbs_is_refused(key: str) -> None:
    """A store that resolves it would read from elsewhere, past both lists."""
    with pytest.raises(ObjectForbiddenError, match="segment of dots"):
        Admission(frozenset({"textures"}), ("sha256/", "../", "./", "a/")).check(ObjectRef(bucket="textures", key=key))

    Admission(frozenset({"textures"})).check(ObjectRef(bucket="textures", key="a..b/...png"))


@pytest.mark.parametrize("key", ["other/a.png", "sha25", "/sha256/a.png"])
def test_a_key_outside_the_prefixes_is_refused(key: str) -> None:
    """A prefix is compared from the first character."""
    admission = Admission(frozenset({"textures"}), ("sha256/", "uploads/"))
    admission.check(ObjectRef(bucket="textures", key="uploads/a.png"))

    with pytest.raises(ObjectForbiddenError, match="AEGIS_TAGGER_ALLOWED_KEY_PREFIXES"):
        admission.check(ObjectRef(bucket="textures", key=key))
