"""What a search asks of the tables: filters, names and paths, tags.

May import consumer.storage and schemas.
"""
