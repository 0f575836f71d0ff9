"""Each command line of the documents has its effect described, and none is described that no document has."""

from __future__ import annotations

import pytest

from tests.integration.docs.documents import OTHERS, README, covered
from tests.integration.docs.effects.effect import Document

DOCUMENTS = covered()


@pytest.mark.parametrize("path", sorted(DOCUMENTS))
def test_no_command_line_is_without_its_effect(path: str) -> None:
    """To add a command, say in tests/integration/docs/effects how to see that it worked, or why it cannot run."""
    document = DOCUMENTS[path]

    assert [command for command in document.commands() if command not in document.effects] == []


@pytest.mark.parametrize("document", [README, *OTHERS], ids=lambda document: document.path)
def test_no_effect_is_of_a_command_that_is_gone(document: Document) -> None:
    assert set(document.effects) - set(document.commands()) == set()
