"""A Spark session in this process that writes only to one directory and listens only on loopback."""

from pathlib import Path

from pyspark.sql import SparkSession


def start(work: Path, memory: str) -> SparkSession:
    """Start the session that dbt's connections of method `session` use. `memory`: in Java's notation, such as 4g.

    Creates the directory `work`, readable only by its owner, because it holds payloads.
    """
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    metastore = f"jdbc:derby:;databaseName={work / 'metastore'};create=true"
    settings = {
        "spark.master": "local[2]",
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": str(work / "tmp"),
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={work / 'derby.log'}",
        # For small tables: each statement planned once, few partitions, and many small archive files per task.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.files.openCostInBytes": "65536",
        "spark.hadoop.fs.permissions.umask-mode": "077",
    }
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
