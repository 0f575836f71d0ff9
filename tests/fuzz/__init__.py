"""Hostile bytes for whatever reads bytes of strangers: ``python -m tests.fuzz``."""
