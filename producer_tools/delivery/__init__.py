"""Extracted textures to objects and events: upload, publish, or the spool during an outage.

May import the rest of producer_tools except following and dead_letters, consumer.kafka, consumer.storage and schemas.
"""
