"""The plan of a bounded run: start and end of each partition, carried in the metadata of the group's commits.

May import consumer.kafka and schemas.
"""
