"""Where the services are: the environment says it, or the stack of this folder does."""

from __future__ import annotations

import os

from schemas.files.secret_files import file_variable


def use_stack_where_unset() -> None:
    """Fill the connection variables that are not set from the running stack, if there is one.

    So `aegis extract` works right after `aegis stack up`, with nothing exported. Without a stack nothing changes, and
    whoever needs a variable says which.
    """
    try:
        from devstack import Stack, StackError
    except ImportError:
        return
    try:
        variables = Stack().variables()
    except StackError:
        return
    for name, value in variables.items():
        if file_variable(name) not in os.environ:
            os.environ.setdefault(name, value)
