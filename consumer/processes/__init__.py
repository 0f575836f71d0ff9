"""The processes of `python -m consumer`: settings, clients and services wired together, signals, workers.

May import every other room of consumer except replay, and schemas.
"""
