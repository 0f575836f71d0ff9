"""The image, built once; what a run measured, reported at its end; and no stand-in left behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from benchmarks.support.figures import Figure, report
from tests.containers import standins
from tests.containers.docker import ROOT, build, docker, require

IMAGE = "aegis-tagger:image-test"


@pytest.fixture(scope="session")
def have_image() -> Iterator[Callable[[str], None]]:
    """Have an image here; a stand-in that was made for it goes at the end, or stays with AEGIS_KEEP_STANDINS=1."""
    made: list[str] = []

    def have(image: str) -> None:
        made.extend(standins.ensure(image))

    yield have
    if made and not os.environ.get("AEGIS_KEEP_STANDINS"):
        docker("rmi", "--force", *made)


@pytest.fixture(scope="session")
def image(have_image: Callable[[str], None]) -> Iterator[str]:
    """The product's image as this checkout builds it."""
    require(compose=False)
    have_image(standins.BASE_IMAGE)
    build(IMAGE, ROOT)
    yield IMAGE
    docker("rmi", "--force", IMAGE)


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Iterator[list[Figure]]:
    """What the tests of a module measure; written to build/figures/ once they are through."""
    measured: list[Figure] = []
    yield measured
    shown = request.config.pluginmanager.getplugin("capturemanager")
    if measured and shown is not None:
        with shown.global_and_fixture_disabled():
            report(request.module.__name__.rpartition("test_")[2], measured)
