"""Content addresses."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from schemas.objects import object_key, sha256_hex


@given(data=st.binary(), extension=st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True))
def test_a_key_is_made_of_the_digest_alone(data: bytes, extension: str) -> None:
    """Equal bytes are stored once, spread over folders; a dot before the extension changes nothing."""
    digest = sha256_hex(data)

    key = object_key(digest, extension)

    assert re.fullmatch(r"sha256/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]+", key)
    assert key == f"sha256/{digest[:2]}/{digest[2:4]}/{digest}.{extension}"
    assert key == object_key(sha256_hex(data), f".{extension}")


@given(first=st.binary(max_size=8), second=st.binary(max_size=8))
def test_different_bytes_have_different_keys(first: bytes, second: bytes) -> None:
    """One never overwrites the other."""
    assert (first == second) == (object_key(sha256_hex(first), "png") == object_key(sha256_hex(second), "png"))
