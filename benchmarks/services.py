"""The services that a benchmark runs on."""

from __future__ import annotations

import os

from devstack import Stack


def variables(stack: Stack) -> dict[str, str]:
    """Return the variables of the environment's services, and of the stack's for those that it does not name."""
    outside = {name: value for name, value in os.environ.items() if name.startswith("AEGIS_")}
    return {**outside, **stack.variables()}
