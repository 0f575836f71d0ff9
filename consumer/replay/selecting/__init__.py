"""Which records a replay or a retag works on: filters, the newest event of each asset, keys changed meanwhile.

May import replay.plans, replay.progress, consumer.kafka, consumer.storage and schemas.
"""
