"""Asyncio building blocks without a domain: backoff, batching, deadlines, waiting.

Imports nothing of the project.
"""
