"""A Spark in this process, which keeps all it writes in one directory and listens on loopback alone."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession


def start(work: Path, memory: str) -> SparkSession:
    """The session that dbt's connections of method `session` find; `memory` is written as Java does, as in 2g.

    The directory `work` is made, readable for its owner alone: payloads lie there.
    """
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    metastore = f"jdbc:derby:;databaseName={work / 'metastore'};create=true"
    settings = {
        "spark.master": "local[2]",
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": str(work / "tmp"),
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={work / 'derby.log'}",
        # Small tables: few partitions, and many small files of an archive in one task.
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.files.openCostInBytes": "65536",
        "spark.hadoop.fs.permissions.umask-mode": "077",
    }
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
