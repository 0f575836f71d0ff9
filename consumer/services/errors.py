"""Errors of a service's start."""

from __future__ import annotations


class StartupError(Exception):
    """The process cannot start as it is configured; one sentence says what to change."""
