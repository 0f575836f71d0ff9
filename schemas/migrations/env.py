"""Alembic's entry: runs the steps on the connection it is given, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
schema = context.config.attributes["schema"]

context.configure(connection=connection, version_table_schema=schema)
context.run_migrations()
