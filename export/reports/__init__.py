"""HTML reports that need no other file: evaluations and comparisons.

May import export.evaluation, consumer.tagging and schemas.
"""
