"""What several benchmarks share: corpora, contests in turns, figures, pictures.

May import testkit, export, consumer, devstack and schemas; no single benchmark.
"""
