"""What every test gets."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.second_tries import SecondTries

# A machine that is busy must not fail a property; CI looks longer.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")

# A shell's background jobs ignore Ctrl-C, and hand that on to every process they start; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SecondTries())


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo what a verb that ran in this process did to the logs: the next test may look at them."""
    yield
    structlog.reset_defaults()
    logging.disable(logging.NOTSET)
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def _no_settings_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own AEGIS_… variables out of the tests."""
    for name in list(os.environ):
        if name.startswith("AEGIS_"):
            monkeypatch.delenv(name)
