"""The programs that `python -m benchmarks` measures against each other, each a process of its own."""
