"""Asks a lake in Spark, in an environment of its own: ``python asking.py QUESTION ANSWER``, both JSON files.

Imports nothing of the project, which is not installed there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

_NAME = "aegis"


def main(question: Path, answer: Path) -> None:
    """Answer with the tags that hold, the place of each record, and what executors took part."""
    asked = json.loads(question.read_text(encoding="utf-8"))
    builder = SparkSession.builder.master(asked["master"]).appName("aegis lake")
    for name, value in asked["settings"].items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        for table in asked["tables"]:
            spark.table(f"{_NAME}.{_NAME}.{table}").createOrReplaceTempView(table)
        for statement in asked["statements"]:
            spark.sql(statement)
        rows = spark.sql("SELECT asset_id, category, tag, confidence, source FROM current_tags").collect()
        places = {
            table: [
                [*row]
                for row in spark.sql(
                    f"SELECT record_topic, record_partition, record_offset, count(*) FROM {table} GROUP BY 1, 2, 3"  # noqa: S608
                ).collect()
            ]
            for table in asked["tables"]
        }
        hosts = spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
    finally:
        spark.stop()
    answer.write_text(json.dumps({"tags": [[*row] for row in rows], "places": places, "executors": hosts}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
