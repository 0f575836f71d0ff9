"""A test may pass at its second try in CI; a run in which many had to fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.second_tries import ALLOWED, SecondTries


@pytest.mark.parametrize(("tries", "passes"), [(0, True), (ALLOWED, True), (ALLOWED + 1, False)])
def test_a_run_fails_where_more_tests_than_are_allowed_needed_a_second_try(tries: int, passes: bool) -> None:
    second_tries, session = SecondTries(), SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    for number in range(tries):
        second_tries.pytest_runtest_logreport(_report(number, "rerun"))
        second_tries.pytest_runtest_logreport(_report(number, "passed"))

    second_tries.pytest_sessionfinish(cast("Any", session))

    assert (session.exitstatus == pytest.ExitCode.OK) is passes


def test_each_second_try_is_named_with_why_the_first_failed() -> None:
    second_tries, lines = SecondTries(), list[str]()
    second_tries.pytest_runtest_logreport(_report(7, "rerun"))

    second_tries.pytest_terminal_summary(cast("Any", SimpleNamespace(section=lines.append, line=lines.append)))

    assert lines == [f"1 second tries, of {ALLOWED} that are allowed", "tests/test_7.py (call): no answer"]


def _report(number: int, outcome: str) -> Any:
    return SimpleNamespace(
        nodeid=f"tests/test_{number}.py", when="call", outcome=outcome, longreprtext="no answer", capstdout=""
    )
