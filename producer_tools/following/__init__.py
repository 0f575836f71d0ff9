"""Following the tagged topic, live or for one run.

May import producer_tools.errors, consumer.kafka and schemas.
"""
