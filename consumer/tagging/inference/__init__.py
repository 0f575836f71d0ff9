"""Running the ONNX graphs: sessions, threads, batches, precision.

May import tagging.bundle and tagging.cpus.
"""
