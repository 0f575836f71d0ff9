"""Who may come in, and how much they may bring."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.datastructures import Headers

from consumer.gateway.limits import Door, DoorLimits, any_equal
from consumer.gateway.refusals import RefusedError
from consumer.settings import GatewaySettings


def _refusal(door: Door, headers: dict[str, str]) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        door.admit(Headers(headers))
    return refused.value


@pytest.mark.parametrize(
    "headers", [{"X-API-Key": "two"}, {"Authorization": "Bearer two"}, {"authorization": "bearer  one"}]
)
def test_any_of_the_keys_opens(headers: dict[str, str]) -> None:
    Door(DoorLimits(keys=(b"one", b"two"))).admit(Headers(headers))


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-API-Key": ""}, {"X-API-Key": "tw"}, {"Authorization": "Basic two"}, {"X-API-Key": "two\u00e9"}],
)
def test_nothing_else_does(headers: dict[str, str]) -> None:
    assert _refusal(Door(DoorLimits(keys=(b"one", b"two"))), headers).status == 401


@given(given_key=st.binary(max_size=20), keys=st.lists(st.binary(min_size=1, max_size=20), max_size=5))
def test_a_key_is_compared_with_all(given_key: bytes, keys: list[bytes]) -> None:
    assert any_equal(given_key, keys) == (given_key in keys)


def test_without_a_key_a_page_of_another_site_cannot_use_a_persons_browser() -> None:
    door = Door(DoorLimits())
    door.admit(Headers({"Sec-Fetch-Site": "same-origin"}))
    assert _refusal(door, {"Sec-Fetch-Site": "cross-site"}).status == 403


def test_a_full_house_says_when_to_come_back() -> None:
    refusal = _refusal(Door(DoorLimits(max_requests=3), requests=3), {})
    assert (refusal.status, refusal.headers) == (429, {"Retry-After": "1"})


def test_a_closed_door_says_so_before_it_asks_for_a_key() -> None:
    refusal = _refusal(Door(DoorLimits(keys=(b"one",)), closed=True), {})
    assert refusal.status == 503
    assert refusal.headers is not None
    assert refusal.headers["Retry-After"]


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes() -> None:
    assert _refusal(Door(DoorLimits(max_body_bytes=10)), {"Content-Length": "11"}).status == 413


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_beyond_this_machine_a_key_must_be_set(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("AEGIS_GATEWAY_HOST", host)
    with pytest.raises(ValidationError, match="AEGIS_GATEWAY_API_KEY"):
        GatewaySettings()
    monkeypatch.setenv("AEGIS_GATEWAY_API_KEY", "old, new")
    assert GatewaySettings().keys == (b"old", b"new")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_alone_none_is_needed(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("AEGIS_GATEWAY_HOST", host)
    assert GatewaySettings().keys == ()
