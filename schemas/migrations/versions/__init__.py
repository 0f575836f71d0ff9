"""One module for each migration, run by Alembic; released ones never change.

Imports alembic and sqlalchemy alone: a migration must not follow the code of today.
"""
