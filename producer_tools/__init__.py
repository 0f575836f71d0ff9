"""What an extraction pipeline runs: extraction, delivery, following tags, dead letters.

May import schemas, consumer.kafka and consumer.storage.
"""
