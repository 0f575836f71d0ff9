"""Dropping our tables, where everything in them can be had again from Kafka."""

from __future__ import annotations

from typing import Final

from consumer.storage.errors import DatabaseError
from consumer.storage.postgres.database import connect
from consumer.storage.postgres.pg_errors import pg_errors_translated
from consumer.storage.tables.verdict_reads import UNPUBLISHED
from schemas.connections import DatabaseConnection

_COUNT_UNPUBLISHED: Final = f"SELECT count(*) FROM {{schema}}.verdicts AS said WHERE {UNPUBLISHED}"  # noqa: S608 - ours


class DropError(DatabaseError):
    """The tables hold what nothing else does, or are not ours alone; nothing was dropped."""


async def drop_tables(connection: DatabaseConnection) -> bool:
    """Drop the schema with all its tables; False where there is none.

    Raises:
        DropError: see there.
        DatabaseUnavailableError: the database does not answer.

    """
    schema = connection.db_schema
    if schema == "public":
        raise DropError("the schema public holds pgvector, and may hold tables of others: drop ours yourself")
    session = await connect(connection)
    try:
        with pg_errors_translated():
            if not await session.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema):
                return False
            if await session.fetchval("SELECT to_regclass($1) IS NULL", session.sql("{schema}.verdicts")):
                raise DropError(f"the tables in schema {schema!r} are older than this version: run: aegis db migrate")
            if waiting := await session.fetchval(session.sql(_COUNT_UNPUBLISHED)):
                raise DropError(
                    f"{waiting} verdicts in schema {schema!r} are not on Kafka yet: run: aegis db publish-verdicts"
                )
            await session.execute(f'DROP SCHEMA "{schema}" CASCADE', timeout=None)
            return True
    finally:
        await session.close()
