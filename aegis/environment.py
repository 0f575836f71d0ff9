"""Where the services are: the environment says it, or the stack of this folder does."""

from __future__ import annotations

import os


def use_stack_where_unset() -> None:
    """Fill the connection variables that are not set from the running stack, if there is one.

    So `aegis extract` works right after `aegis stack up`, with nothing exported. Without a stack nothing changes, and
    whoever needs a variable says which.
    """
    try:
        from devstack import Stack, StackError  # noqa: PLC0415 - an extra that production does not install
    except ImportError:
        return
    try:
        variables = Stack().variables()
    except StackError:
        return
    for name, value in variables.items():
        os.environ.setdefault(name, value)
