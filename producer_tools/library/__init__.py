"""A folder of textures as a library: what is new or changed is sent for tagging, what is gone is removed.

May import producer_tools.delivery, producer_tools.extraction, consumer.imaging and schemas.
"""
