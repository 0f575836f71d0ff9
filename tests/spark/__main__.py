"""Prove the lake with a distributed engine: ``python -m tests.spark [--events N] [--check]``.

Tags, removals and verdicts are written to Kafka; a sink stores them in PostgreSQL, and a lake process, killed in the
middle of its commits again and again, in Iceberg's tables. Apache Spark, with two executors that are processes of their
own, then reads the tables from the object store by the catalog in PostgreSQL and runs the statements of docs/lake.md.
What it finds is compared with PostgreSQL and with Kafka. Installs Spark into an environment of its own
(``build/spark``, 0.5 GB), and its libraries from Maven Central. Writes ``build/figures/spark.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.support.figures import Figure, report
from benchmarks.support.peer_environment import PeersUnavailableError, peer_python
from devstack import Stack
from tests.spark.proof import PACKAGES, Proof, prove

_ENVIRONMENT = Path("build/spark")
_EVENTS = 6_000


def main() -> int:
    """Run, report; 0 when it could be measured, with --check 1 when Spark found anything else."""
    parser = argparse.ArgumentParser(prog="python -m tests.spark", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=_EVENTS, help="records that are written (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="exit 1 when Spark found anything else")
    arguments = parser.parse_args()
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        parser.error("java is not installed: Spark 4.1 needs Java 17 or newer")
    try:
        python = peer_python(_ENVIRONMENT.resolve(), PACKAGES)
    except PeersUnavailableError as error:
        parser.error(f"Spark cannot be installed: {error}")
    folder = Path(tempfile.mkdtemp(prefix="aegis-spark-"))
    stack = Stack(folder / "stack")
    started = time.monotonic()

    def tell(sentence: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {sentence}", flush=True)

    try:
        stack.up()
        proof = asyncio.run(prove(stack, folder, python, arguments.events, tell))
    finally:
        stack.reset()
    report("spark", _figures(proof))
    if arguments.check and not proof.is_right:
        print(f"the logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _figures(proof: Proof) -> list[Figure]:
    return [
        Figure("spark_records_written", proof.records, "records", None, "higher"),
        Figure("spark_lake_kills", proof.kills, "kills", None, "higher"),
        Figure("spark_executors", proof.executors, "processes", 2, "higher"),
        Figure("spark_tags_as_postgresql", proof.tags, "tags", None, "higher"),
        Figure("spark_tags_otherwise", proof.tags_otherwise, "tags", 0, "lower"),
        Figure("spark_records_lost", proof.lost, "records", 0, "lower"),
        Figure("spark_records_doubled", proof.doubled, "records", 0, "lower"),
    ]


if __name__ == "__main__":
    sys.exit(main())
