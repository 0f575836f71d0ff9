"""The lake: its catalog in PostgreSQL, and its tables on the object store. All calls block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from consumer.storage.lake.errors import LakeConflictError, LakeError, LakeSetupError, LakeUnavailableError
from consumer.storage.lake.files import store_properties
from consumer.storage.lake.place import LakePlace
from consumer.storage.lake.tables import PROPERTIES, RETRIES, TABLES, TableSpec, partitions

CATALOG: Final = "aegis"
NAMESPACE: Final = "aegis"
_CONNECT_SECONDS: Final = 5
_STATEMENT_MS: Final = 30_000
_INIT: Final = "run aegis lake init"
# As Arrow's client of S3 writes it; it has no exception of its own.
_NO_BUCKET: Final = "NO_SUCH_BUCKET"


class Lake:
    """An open lake. May be used by several threads, a table by one of them."""

    def __init__(self, catalog: SqlCatalog, place: LakePlace) -> None:
        self.catalog = catalog
        self.place = place

    @classmethod
    def open(cls, place: LakePlace) -> Lake:
        """Connect; tables that are missing are told of by :meth:`table`.

        Raises:
            LakeUnavailableError: the database does not answer.

        """
        with told("the lake's catalog"):
            return cls(_catalog(place), place)

    @classmethod
    def make(cls, place: LakePlace, buckets: int) -> tuple[Lake, list[str]]:
        """Make what is missing of catalog and tables; return the lake, and the names of the tables made.

        Raises:
            LakeError: the database or the object store does not answer, or refuses.

        """
        made = []
        with told("the lake"), ExitStack() as opened:
            lake = cls(_catalog(place), place)
            # With the session ends its lock.
            opened.callback(lake.close)
            with lake.catalog.engine.connect() as session:
                # Of several that do this at once, the others wait.
                session.execute(text("SELECT pg_advisory_lock(hashtext('aegis lake init'))"))
                session.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{place.catalog_schema}"'))
                session.commit()
                lake.catalog.create_tables()
                lake.catalog.create_namespace_if_not_exists(NAMESPACE)
                for spec in TABLES:
                    try:
                        lake.catalog.create_table(
                            (NAMESPACE, spec.name),
                            spec.schema,
                            location=f"{place.location}/{spec.name}",
                            partition_spec=partitions(buckets),
                            properties=PROPERTIES,
                        )
                        made.append(spec.name)
                    except TableAlreadyExistsError:
                        _restore_properties(lake.catalog.load_table((NAMESPACE, spec.name)))
                session.execute(text("SELECT pg_advisory_unlock(hashtext('aegis lake init'))"))
            opened.pop_all()
        return lake, made

    def close(self) -> None:
        self.catalog.engine.dispose()

    def table(self, spec: TableSpec) -> Table:
        """Return a table as it is now.

        Raises:
            LakeSetupError: it is missing, or commits would be repeated behind our back.
            LakeUnavailableError: catalog or object store do not answer.

        """
        with told(f"the table {spec.name}"):
            table = self.catalog.load_table((NAMESPACE, spec.name))
        if table.properties.get(RETRIES) != PROPERTIES[RETRIES]:
            raise LakeSetupError(
                f"the table {spec.name} has {RETRIES}={table.properties.get(RETRIES)}, with which rows could be "
                f"written twice: {_INIT}, which sets it to 0"
            )
        return table

    def ping(self) -> None:
        """Return when both tables can be read; raises as :meth:`table`."""
        for spec in TABLES:
            self.table(spec)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn the errors of pyiceberg, Arrow and SQLAlchemy into ours; their texts may hold the catalog's address."""
    try:
        yield
    except LakeError:
        raise
    except CommitFailedException as error:
        raise LakeConflictError(f"{what} was changed by another writer at the same time") from error
    except (NoSuchTableError, NoSuchNamespaceError) as error:
        raise LakeSetupError(f"{what} does not exist: {_INIT}") from error
    except ProgrammingError as error:
        raise LakeSetupError(f"{what} has no catalog in the database, or no right to it: {_INIT}") from error
    except SQLAlchemyError as error:
        raise LakeUnavailableError(f"the database of {what} does not answer ({type(error).__name__})") from error
    except OSError as error:
        if _NO_BUCKET in str(error):
            raise LakeUnavailableError(f"the bucket of {what} does not exist: create it first") from error
        raise LakeUnavailableError(f"the object store of {what} refuses or does not answer: {error}") from error
    except Exception as error:
        # A library's own: no row is to blame, so it stalls until somebody looks, and loses nothing.
        raise LakeError(f"{what}: {type(error).__name__}: {error}") from error


def _catalog(place: LakePlace) -> SqlCatalog:
    words = {"connect_timeout": str(_CONNECT_SECONDS), "target_session_attrs": "read-write", **place.database.words()}
    ours = f"-c search_path={place.catalog_schema} -c statement_timeout={_STATEMENT_MS}"
    words["options"] = f"{words.get('options', '')} {ours}".strip()
    address = URL.create("postgresql+psycopg2", query=words).render_as_string(hide_password=False)
    return SqlCatalog(
        CATALOG,
        uri=address,
        pool_pre_ping="true",
        init_catalog_tables="false",
        **store_properties(place.store),
    )


def _restore_properties(table: Table) -> None:
    wrong = {name: value for name, value in PROPERTIES.items() if name != "format-version"}
    if any(table.properties.get(name) != value for name, value in wrong.items()):
        with table.transaction() as change:
            change.set_properties(wrong)
