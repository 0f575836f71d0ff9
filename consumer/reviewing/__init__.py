"""What a person says of a tag: understood by the vocabulary, and published before it counts as saved.

May import consumer.tagging, consumer.storage, consumer.tracing, consumer.kafka and schemas.
"""
