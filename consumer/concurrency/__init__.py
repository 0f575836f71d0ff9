"""Working side by side, without a domain: CPUs, and for asyncio backoff, batching, deadlines, waiting.

Imports nothing of the project.
"""
