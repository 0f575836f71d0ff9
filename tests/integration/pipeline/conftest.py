"""A tagger and a sink: one pair for most tests of this folder, another for those that need to know every record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from testkit.corner import make_corner, make_lasting_corner
from testkit.running import Pipeline


@pytest.fixture(scope="session")
def pipeline(stack_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The pair that tests share: its topics hold whatever they wrote, malformed records too."""
    with _running(_prepared(stack_environment, tmp_path_factory.mktemp("logs"), make_lasting_corner)) as pipeline:
        yield pipeline


@pytest.fixture(scope="module")
def own_pipeline(stack_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pair of the module's own: its topics hold what the module wrote, and nothing else."""
    with _running(_prepared(stack_environment, tmp_path_factory.mktemp("logs"))) as pipeline:
        yield pipeline


@pytest.fixture
def idle_pipeline(stack_environment: Mapping[str, str], tmp_path: Path) -> Iterator[Pipeline]:
    """Topics, tables and a bucket for one test that starts its processes itself."""
    pipeline = _prepared(stack_environment, tmp_path)
    yield pipeline
    pipeline.end()


@contextmanager
def _running(pipeline: Pipeline) -> Iterator[Pipeline]:
    """Start a pair; end with a drain that must exit 0."""
    services = [pipeline.service("tagger"), pipeline.service("sink")]
    for service in services:
        service.start()
    yield pipeline
    codes = {service.name: service.stop() for service in services}
    assert codes == {"tagger": 0, "sink": 0}


def _prepared(
    stack_environment: Mapping[str, str], logs: Path, make: Callable[..., Pipeline] = make_corner
) -> Pipeline:
    return make(
        stack_environment,
        logs,
        AEGIS_TAGGER_MAX_OBJECT_BYTES=str(1024 * 1024),
        AEGIS_TAGGER_MAX_PIXELS=str(2048 * 2048),
        AEGIS_TAGGER_MISSING_OBJECT_GRACE_SECONDS="3",
    )
