"""Reads events, tags what they speak of, stores what was found."""

import os

# Read when numpy is loaded. Its matrices here are small, and our own threads are the parallelism: a second thread
# inside a product of matrices only spins, and takes the CPU from them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
