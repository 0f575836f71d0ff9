"""Who ends when two processes have one name in a group."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from consumer.stream.partitions.static_member import InstanceIdTakenError, StaticMember

WINDOW_SECONDS = 30.0
MOST_ENDURED = 10


def _member(name: str | None = "tagger-0") -> StaticMember:
    return StaticMember(name, "group", WINDOW_SECONDS)


def _taken_every(seconds: float, turns: Iterable[int] = range(MOST_ENDURED)) -> None:
    member = _member()
    for turn in turns:
        member.joined(str(turn), turn * seconds)


@pytest.mark.parametrize("seconds", [0.1, 1.0, WINDOW_SECONDS / 4, WINDOW_SECONDS])
def test_a_newcomer_whose_place_is_taken_again_and_again_ends_and_says_which_setting(seconds: float) -> None:
    """However slowly a busy broker lets them take it in turns."""
    with pytest.raises(InstanceIdTakenError, match="AEGIS_STREAM_GROUP_INSTANCE_ID=tagger-0"):
        _taken_every(seconds)


def test_who_was_there_before_goes_on_and_is_unready_until_the_other_is_gone() -> None:
    member = _member()
    member.joined("ours", 0)
    assert member.problem(1) is None

    now = 1000.0
    for turn in range(50):
        member.joined(str(turn), now + turn)
    assert "AEGIS_STREAM_GROUP_INSTANCE_ID" in (member.problem(now + 50) or "")
    assert member.problem(now + 50 + WINDOW_SECONDS) is None


def test_rebalances_keep_a_place() -> None:
    member = _member()
    for turn in range(100):
        member.joined("ours", float(turn))
        assert member.problem(float(turn)) is None


def test_a_place_lost_by_silence_now_and_then_is_no_quarrel() -> None:
    """As after a machine slept: the session times out, which takes as long as the window."""
    member = _member()
    for turn in range(20):
        member.joined(str(turn), turn * (WINDOW_SECONDS + 1))
        assert member.problem(turn * (WINDOW_SECONDS + 1)) is None


def test_without_a_name_there_is_nothing_to_take() -> None:
    member = _member(None)
    for turn in range(50):
        member.joined(str(turn), float(turn))
    assert member.problem(50) is None


def test_of_newcomers_one_ends_before_the_other() -> None:
    """Else both would end, and be restarted, for ever."""
    endured = set()
    for _ in range(200):
        times = iter(range(MOST_ENDURED))
        with pytest.raises(InstanceIdTakenError):
            _taken_every(0.1, times)
        endured.add(next(times, None))
    assert len(endured) > 3
