"""Who ends when two processes have one name in a group."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.stream.partitions.static_member import InstanceIdTakenError, PlaceLostError, StaticMember

WINDOW_SECONDS = 30.0
MOST_ENDURED = 10


def _member(name: str | None = "tagger-0") -> StaticMember:
    return StaticMember(name, "group", WINDOW_SECONDS)


def _taken_every(seconds: float, turns: Iterable[int] = range(MOST_ENDURED)) -> None:
    member = _member()
    for turn in turns:
        member.joined(str(turn), turn * seconds)
        member.lost((turn + 0.5) * seconds)


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
        member.lost(now + turn)
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
        member.lost(turn * (WINDOW_SECONDS + 1))
        assert member.problem(turn * (WINDOW_SECONDS + 1)) is None


def test_without_a_name_there_is_nothing_to_take() -> None:
    member = _member(None)
    for turn in range(50):
        member.joined(str(turn), float(turn))
        member.lost(float(turn))
    assert member.problem(50) is None


@pytest.mark.parametrize("count", [2, 3, 5])
@given(choices=st.lists(st.integers(0, 4), min_size=200, max_size=200))
def test_of_newcomers_one_stays(count: int, choices: list[int]) -> None:
    """Else all would end, and be restarted, for ever: whoever joins throws out the one that has the place."""
    members = [_member() for _ in range(count)]
    out = list(members)
    owner: StaticMember | None = None
    for turn, choice in enumerate(choices):
        if not out:
            break
        joining = out.pop(choice % len(out))
        joining.joined(str(turn), turn)
        if owner is not None:
            try:
                owner.lost(turn)
            except InstanceIdTakenError:
                members.remove(owner)
            else:
                out.append(owner)
        owner = joining
    assert members == [owner]


def test_an_id_that_changed_without_a_word_counts() -> None:
    """As where the place was taken while we were about to join."""
    member = _member()
    for turn in range(3):
        member.joined(str(turn), turn)
    with pytest.raises(InstanceIdTakenError):
        member.lost(3)


def test_who_is_fenced_once_joins_again_and_who_is_fenced_again_and_again_ends() -> None:
    """A coordinator that was killed while we joined fences us for the member that we were before."""
    member = _member()
    for turn in range(2):
        member.joined(str(turn), turn)
        assert isinstance(member.fenced(turn), PlaceLostError)
    member.joined("2", 2)
    assert isinstance(member.fenced(2), InstanceIdTakenError)
