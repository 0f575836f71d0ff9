"""The mutants are changes of the product as it is."""

from __future__ import annotations

import ast

import pytest

from tests.simulation.mutants import ALL, Mutant
from tests.simulation.mutants.applying import StaleMutantError, mutated_source


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_its_module(mutant: Mutant) -> None:
    _, source = mutated_source(mutant)

    ast.parse(source)


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(ALL) >= 30
    assert len({mutant.name for mutant in ALL}) == len(ALL)


def test_a_mutant_whose_text_is_gone_says_so() -> None:
    with pytest.raises(StaleMutantError, match=r"0 times in consumer\.stream\.engine"):
        mutated_source(Mutant("stale", "consumer.stream.engine", "no such text", ""))
