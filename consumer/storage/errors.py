"""What can go wrong with the object store and the database, told apart by whose fault it is."""

from __future__ import annotations


class StoreError(Exception):
    """The object store answered in a way that is neither an outage nor plainly the object's fault."""


class StoreUnavailableError(StoreError):
    """The object store does not serve now (timeout, refused, 5xx, bad credentials): the object is not to blame."""


class ObjectMissingError(StoreError):
    """No object lies under this key."""


class ObjectForbiddenError(StoreError):
    """The object lies where we may not read."""


class ObjectDeniedError(ObjectForbiddenError):
    """The store denies this object to us."""


class StoreDeniesError(StoreUnavailableError):
    """The store denies us every object, so none of them is to blame: somebody must grant us the right to read."""


class BucketMissingError(ObjectForbiddenError):
    """There is no such bucket."""


class ObjectTooLargeError(StoreError):
    """The object has more bytes than the caller allows."""


class DatabaseError(Exception):
    """Base of the database's errors."""


class DatabaseUnavailableError(DatabaseError):
    """The database does not take our work now (down, restarting, overloaded, deadlock): an outage, so try again."""


class DatabaseReadOnlyError(DatabaseUnavailableError):
    """The database takes no writes: a standby, or a server in maintenance."""


class RowRejectedError(DatabaseError):
    """The database will never take these rows: the data is at fault."""


class DatabaseSetupError(DatabaseError):
    """The database, or what lies before it, must be set up otherwise: waiting does not help, nor are rows to blame."""


class PoolerModeError(DatabaseSetupError):
    """A pooler hands each transaction to another session."""


class SchemaVersionError(DatabaseSetupError):
    """The tables are not those that this version of the product works with."""


class SchemaTooOldError(SchemaVersionError):
    """Migrations are missing."""


class SchemaTooNewError(SchemaVersionError):
    """A newer version of the product migrated the tables."""
