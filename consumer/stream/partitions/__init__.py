"""The state of one owned partition: offset ledger, key lanes, commits.

May import kafka, and of stream the observer.
"""
