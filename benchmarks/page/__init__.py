"""How fast the page answers on a large library: `python -m benchmarks.page`.

May import everything below.
"""
