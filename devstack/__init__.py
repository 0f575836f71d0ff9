"""Apache Kafka, PostgreSQL and an S3 store on this machine, installed by pip alone; for the demo and the tests.

Imports nothing of the project.
"""

from __future__ import annotations

from devstack.errors import StackError
from devstack.postgres import psql_program
from devstack.stack import ComponentStatus, Stack

__all__ = ["ComponentStatus", "Stack", "StackError", "psql_program"]
