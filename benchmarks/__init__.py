"""Measurements of speed, memory and quality, each run by hand: `python -m benchmarks` and its neighbours.

May import everything except tests.
"""
