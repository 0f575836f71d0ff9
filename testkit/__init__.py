"""The running system for tests and benchmarks: topics, processes, corpora, faults.

May import everything except tests and benchmarks.
"""
