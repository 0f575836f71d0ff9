"""Extraction of what changed between two commits of a git work tree.

May import producer_tools.delivery, producer_tools.extraction, consumer.storage and schemas.
"""
