"""The HTTP gateway: one image in, its tags out; stored tags, search and the page; optional publishing.

May import telemetry, tagging, imaging, storage, kafka, concurrency and schemas.
"""
