"""What a request brings: read exactly, or refused in a sentence."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.gateway.images import file_type, image_bytes, parse_form_fields, parse_tag_request
from consumer.gateway.refusals import RefusedError


@given(data=st.binary(min_size=1, max_size=200), as_uri=st.booleans(), wrapped=st.booleans())
def test_base64_comes_out_as_it_went_in(data: bytes, as_uri: bool, wrapped: bool) -> None:
    """With line breaks, as some libraries write it, and as a data: URI."""
    text = base64.encodebytes(data).decode() if wrapped else base64.b64encode(data).decode()
    assert image_bytes(f"data:image/png;base64,{text}" if as_uri else text) == data


@given(st.text(max_size=60))
def test_any_text_is_bytes_or_a_refusal(text: str) -> None:
    with suppress(RefusedError):
        assert image_bytes(text)


@given(st.binary(max_size=80))
def test_any_body_is_a_request_or_a_refusal(body: bytes) -> None:
    with pytest.raises(RefusedError):
        parse_tag_request(body)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"asset_id": ""}, "asset_id"),
        ({"asset_id": "x" * 513}, "asset_id: .* at most 512 characters"),
        ({"asset_id": "a\0b"}, "asset_id: holds a NUL character"),
        ({"asset_id": 7}, "asset_id"),
        ({"image_data": ""}, "image_data"),
        ({"image_data": "!!"}, "image_data"),
        ({"image_data": "data:image/png,abc"}, "data:image/png;base64"),
        ({"confidence_threshold": 1.01}, "confidence_threshold"),
        ({"confidence_threshold": "0.5"}, "confidence_threshold"),
        ({"confidence_threshold": True}, "confidence_threshold"),
        ({"confidence_threshold": None}, "confidence_threshold"),
    ],
)
def test_a_sentence_names_what_is_wrong(change: dict[str, object], named: str) -> None:
    body = {"asset_id": "a", "image_data": "aGk=", "confidence_threshold": 0.5, **change}
    with pytest.raises(RefusedError, match=named):
        parse_tag_request(json.dumps(body).encode())


def test_a_lone_surrogate_is_told_by_its_field() -> None:
    with pytest.raises(RefusedError, match=r"^asset_id: holds a lone surrogate"):
        parse_tag_request(b'{"asset_id": "a\\ud800b", "image_data": "aGk="}')


def test_the_threshold_is_what_was_asked_and_by_default_that_of_the_first_service() -> None:
    asked, _ = parse_tag_request(b'{"asset_id": "a", "image_data": "aGk=", "confidence_threshold": 0.11, "new": 1}')
    default, data = parse_tag_request(b'{"asset_id": "a", "image_data": "aGk="}')
    assert (asked.confidence_threshold, default.confidence_threshold, data) == (0.11, 0.7, b"hi")


def test_a_forms_texts() -> None:
    assert parse_form_fields("a", "0.25") == ("a", 0.25)
    with pytest.raises(RefusedError, match=r"asset_id: .*; confidence_threshold: "):
        parse_form_fields("", "much")


def test_a_file_is_named_by_what_it_holds() -> None:
    assert file_type(b"\x89PNG\r\n")[0] == "png"
    assert file_type(b"\0\0\x02")[0] == "tga"
