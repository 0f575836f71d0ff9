"""ONNX graphs: towers, quantisation, comparison with the original.

May import consumer.tagging.inference and consumer.concurrency.cpus.
"""
