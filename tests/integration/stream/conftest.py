"""Fixtures of the engine's tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.integration.kafka_tools import make_topics
from tests.integration.stream.harness import QUICK, Harness


@pytest.fixture
async def harness(kafka_bootstrap: str, topic_prefix: str) -> Harness:
    source, output = f"{topic_prefix}in", f"{topic_prefix}out"
    await make_topics(kafka_bootstrap, 3, source, output, f"{source}.dlq")
    settings = replace(QUICK, topic=source, group=f"{topic_prefix}group")
    return Harness(kafka_bootstrap, source, output, settings)
