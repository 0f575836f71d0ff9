"""What can go wrong with the services of this machine."""

from __future__ import annotations


class StackError(Exception):
    """A service could not be started or reached; one or a few sentences say why and what to do."""
