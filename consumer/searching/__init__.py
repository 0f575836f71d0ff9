"""One question, answered by names, tags and looks together.

May import consumer.tagging, consumer.storage, consumer.concurrency and schemas.
"""
