"""Every command line of the documents runs as it is written, from top to bottom, and does what it is there for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from devstack import Stack
from tests.integration.docs.checkout import make_checkout
from tests.integration.docs.documents import OTHERS, README, follow
from tests.integration.docs.effects.effect import Document
from tests.integration.docs.reader import Reader, environment_of

pytestmark = pytest.mark.timeout(900)
NewReader = Callable[[str], Reader]


@pytest.fixture(scope="module")
def new_reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewReader]:
    """Readers with a checkout each, who share the services that the README starts; all end without an error."""
    folder = tmp_path_factory.mktemp("docs")
    services = folder / "stack"
    readers: list[Reader] = []

    def make(document: str) -> Reader:
        # A second try has a checkout of its own, too.
        name = f"{document}-{len(readers)}"
        checkout = make_checkout(folder / name)
        environment = environment_of(checkout, services, folder / f"{name}-home")
        readers.append(Reader(checkout, environment, folder / f"{name}-notes", services))
        return readers[-1]

    try:
        yield make
        assert [code for reader in reversed(readers) for code in reader.close() if code] == []
    finally:
        for reader in readers:
            reader.kill()
        Stack(services).reset()


@pytest.fixture(scope="module")
def readme_problems(new_reader: NewReader) -> list[str]:
    """What went wrong with the README, whose services and textures the other documents build on."""
    return follow(README, new_reader("readme"))


def test_the_commands_of_the_readme_work_from_top_to_bottom(readme_problems: list[str]) -> None:
    assert "\n".join(readme_problems) == ""


@pytest.mark.parametrize("document", OTHERS, ids=lambda document: document.path)
def test_the_commands_of_a_document_work_after_those_of_the_readme(
    document: Document, new_reader: NewReader, readme_problems: list[str]
) -> None:
    reader = new_reader(document.path.replace("/", "-").removesuffix(".md"))
    assert reader.finish(reader.begin('eval "$(aegis stack env)"')) == 0

    assert "\n".join(follow(document, reader)) == ""
    # A service that the document started would be in the way of the next one's.
    assert {code for code in reader.close() if code} == set()
