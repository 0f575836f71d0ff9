"""Queries on the tables: tags, verdicts, embeddings, searches.

May import storage.postgres, storage.errors and schemas.
"""
