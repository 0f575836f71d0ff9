"""What people ask a library for, and how many of the first answers are right: `python -m benchmarks.questions`.

May import everything below.
"""
