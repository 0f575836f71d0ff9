"""The services: the tagger, the sink, the gateway, and replays.

Each room inside says what it may import; of the other packages all may import schemas alone.
"""

import os

# Read when numpy is loaded. Its matrices here are small, and our own threads are the parallelism: a second thread
# inside a product of matrices only spins, and takes the CPU from them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
