"""The broker that lets in nobody it does not know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devstack import Stack
from testkit.secured_kafka import SecuredKafka, secured_kafka


@pytest.fixture(scope="session")
def secured(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured"), stack) as broker:
        yield broker
