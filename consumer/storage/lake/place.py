"""Where a lake is; imports nothing of the extra `lake`."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.connections import DatabaseConnection, ObjectStoreConnection


@dataclass(frozen=True, slots=True)
class LakePlace:
    """A schema of PostgreSQL for the catalog, and a folder of a bucket for the files."""

    database: DatabaseConnection
    store: ObjectStoreConnection
    catalog_schema: str
    location: str


def default_location(store: ObjectStoreConnection) -> str:
    return f"s3://{store.bucket}/lake"
