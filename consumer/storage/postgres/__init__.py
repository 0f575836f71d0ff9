"""The database itself: connections, migrations, schema versions, switching between schemas.

May import consumer.storage.errors and schemas.
"""
