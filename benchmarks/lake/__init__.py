"""How fast the lake is written, and what an asset takes there: `python -m benchmarks.lake`."""
