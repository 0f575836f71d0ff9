"""Kills, outages and poison under load, and a verdict on what arrived: ``python -m tests.chaos``."""
