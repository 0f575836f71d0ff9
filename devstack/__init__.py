"""Apache Kafka, PostgreSQL and an S3 store on this machine, by pip alone; for the demo and the tests."""

from __future__ import annotations

from devstack.errors import StackError
from devstack.postgres import psql_program
from devstack.stack import ComponentStatus, Stack

__all__ = ["ComponentStatus", "Stack", "StackError", "psql_program"]
