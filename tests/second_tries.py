"""Count the tests that passed only at their second try (``--reruns 1``), name them, and allow few of them.

On a machine that others share, a test with real services may meet a pause that no wait covers. Such a test may try
again in CI; a run in which many had to has a fault that no second try may hide.
"""

from __future__ import annotations

from typing import Final

import pytest

ALLOWED: Final = 3
_LINES: Final = 60


class SecondTries:
    """What pytest tells of tests that are run again."""

    def __init__(self) -> None:
        self.tests: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome == "rerun":  # type: ignore[comparison-overlap]  # pytest-rerunfailures' own
            said = "\n".join(report.capstdout.splitlines()[-_LINES:])
            self.tests.append(f"{report.nodeid} ({report.when}): {report.longreprtext}\n{said}".rstrip())

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if len(self.tests) > ALLOWED:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.tests:
            return
        terminalreporter.section(f"{len(self.tests)} second tries, of {ALLOWED} that are allowed")
        for test in self.tests:
            terminalreporter.line(test)
