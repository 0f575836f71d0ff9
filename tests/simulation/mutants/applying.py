"""Putting a mutant into the place of its module."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path

from tests.simulation.mutants.mutant import Mutant


class StaleMutantError(Exception):
    """The text that a mutant replaces is not in its module, or not once: write the mutant anew."""


def mutated_source(mutant: Mutant) -> tuple[str, str]:
    """Return the path of the module and its source with the change; raises StaleMutantError."""
    spec = find_spec(mutant.module)
    if spec is None or spec.origin is None:
        raise StaleMutantError(f"{mutant.name}: there is no module {mutant.module}")
    source = Path(spec.origin).read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        raise StaleMutantError(
            f"{mutant.name}: {source.count(mutant.old)} times in {mutant.module}, not once: {mutant.old!r}"
        )
    return spec.origin, source.replace(mutant.old, mutant.new)


def apply(mutant: Mutant) -> None:
    """Import the mutated module; nothing of the product may have been imported by this process before."""
    if mutant.module in sys.modules:
        raise RuntimeError(f"{mutant.module} is imported already, without the mutant")
    path, source = mutated_source(mutant)
    spec = find_spec(mutant.module)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[mutant.module] = module
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 - our own source, changed in one place
    parent, _, name = mutant.module.rpartition(".")
    setattr(import_module(parent), name, module)
