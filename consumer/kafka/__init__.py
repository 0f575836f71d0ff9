"""Talking to Kafka safely: every client, its patches and its shutdown, records, reading and topics.

May use schemas and consumer.concurrency. Importing it checks aiokafka's version and patches aiokafka, once a process.
"""

from consumer.kafka.patches.apply import apply_patches

apply_patches()
