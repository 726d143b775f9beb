"""A Spark session in this process that writes only to one directory and listens only on loopback."""

import importlib.util
from pathlib import Path

from pyspark.sql import SparkSession


def start(work: Path, memory: str, *, is_iceberg: bool = False) -> SparkSession:
    """Start the session that dbt's connections of method `session` use. `memory`: in Java's notation, such as 4g.

    `is_iceberg`: with Iceberg's tables, of the package in `requirements-3.5.in`. Creates the directory `work`,
    readable only by its owner, because it holds payloads.
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
    if is_iceberg:
        settings |= _iceberg()
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _iceberg() -> dict[str, str]:
    """Settings of the one catalog, in which tables are Iceberg's and views are Spark's."""
    package = importlib.util.find_spec("snowpark_connect_deps_iceberg")
    if not package or not package.origin:
        raise SystemExit("Iceberg is not installed: make .venv-spark-3.5/.installed, and use its Python.")
    jars = [str(jar) for jar in Path(package.origin).parent.glob("jars/*_2.12-*.jar")]
    return {
        "spark.driver.extraClassPath": ":".join(jars),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.spark_catalog": "org.apache.iceberg.spark.SparkSessionCatalog",
        "spark.sql.catalog.spark_catalog.type": "hive",
        # The metastore in this process has no locks, and nobody else writes.
        "spark.hadoop.iceberg.engine.hive.lock-enabled": "false",
    }
