"""The object store and PostgreSQL behind narrow classes; errors tell whose fault a failure is.

May import concurrency and schemas; no other room knows asyncpg, minio or SQL.
"""
