"""The programs that `python -m benchmarks` compares, each a process of its own.

A peer imports its own libraries, and of the project what it measures.
"""
