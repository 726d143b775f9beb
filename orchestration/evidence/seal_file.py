"""Seals as a small text file, to be kept where the warehouse's writers cannot write.

Anyone who can rewrite the warehouse can also recompute every seal; only a copy kept elsewhere shows it.
"""

import re
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.config.values import check_local
from orchestration.duckdb_sql import registered
from orchestration.durable_files import write_durably
from orchestration.evidence.seals import seal_expression
from orchestration.warehouse.errors import WarehouseError

Kept = pa.Table
"""Seals of a file, one row each, with the columns that `COLUMNS` names."""

COLUMNS = {
    "source": pa.string(),
    "seal_number": pa.int64(),
    "sealed_date": pa.string(),
    "seal_version": pa.int64(),
    "activity_count": pa.int64(),
    "day_sha256": pa.string(),
    "previous_seal_sha256": pa.string(),
    "seal_sha256": pa.string(),
    "sealed_at": pa.string(),
    "removal_sha256": pa.string(),
    "reason": pa.string(),
    "seal_format": pa.int64(),
    "last_ingest_seq": pa.int64(),
    "last_extract_seq": pa.int64(),
    "extract_count": pa.int64(),
    "ledger_sha256": pa.string(),
    "last_walk_seq": pa.int64(),
    "walk_count": pa.int64(),
    "walks_sha256": pa.string(),
    "merkle_root": pa.string(),
}
_NO_SEAL = "-"
_SHA256 = r"[0-9a-f]{64}"
_LINE = re.compile(
    rf"[^\t\n]+\t\d+\t\d{{4}}-\d\d-\d\d\t\d+\t\d+\t{_SHA256}\t({_SHA256}|{_NO_SEAL})\t{_SHA256}\t"
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"
    # Files from before there were removals end with `sealed_at`, those from before seals covered the ledger with
    # `reason`.
    rf"(\t({_SHA256}|{_NO_SEAL})\t[^\t\n]+(\t(\d+|-)\t(\d+|-)\t(\d+|-)\t(\d+|-)\t({_SHA256}|{_NO_SEAL})"
    rf"\t(\d+|-)\t(\d+|-)\t({_SHA256}|{_NO_SEAL})\t({_SHA256}|{_NO_SEAL}))?)?"
)
_ARGUMENTS = (
    "PREVIOUS SOURCE DATE COUNT DAY_SHA256 REMOVAL FORMAT INGEST_SEQ EXTRACT_SEQ EXTRACTS LEDGER WALK_SEQ WALKS "
    "WALKS_SHA256 MERKLE_ROOT"
)
_HEADER = """\
# Seals of the compliance warehouse, one line each; keep this file where the warehouse's writers cannot write.
# Check the warehouse against it:  python -m orchestration verify --against THIS-FILE
# Check one line by hand, with '' where a text is {none}; the result is its seal_sha256:
#   printf '{texts}' {arguments} | sha256sum
# Where the format is {none} or 1, there are five texts alone, and REMOVAL is a sixth where there is one.
# A line's previous_seal_sha256 is the seal_sha256 of the line before it of the same source.
# {columns}
"""
_EXPORT = """
select {columns} from raw.day_seals order by day_seals.source, day_seals.seal_number
"""

_BROKEN = f"""
select count(*) from (
    select
        seal_sha256 is distinct from {seal_expression("kept", "previous_seal_sha256")}
        or previous_seal_sha256 is distinct from lag(seal_sha256) over (partition by source order by seal_number)
            as is_broken
    from kept
) where is_broken
"""

_COMPARE = """
with compared as (
    select
        kept.source,
        kept.seal_number,
        kept.sealed_date,
        kept.seal_sha256,
        day_seals.seal_sha256 as found_sha256,
        case
            when day_seals.source is null then 'missing in the warehouse'
            when kept.seal_sha256 is distinct from day_seals.seal_sha256
                then 'the warehouse has ' || day_seals.seal_sha256
            when kept.sealed_date is distinct from day_seals.sealed_date::varchar
                or kept.seal_version is distinct from day_seals.seal_version
                or kept.activity_count is distinct from day_seals.activity_count
                or kept.day_sha256 is distinct from day_seals.day_sha256
                or kept.previous_seal_sha256 is distinct from day_seals.previous_seal_sha256
                or kept.sealed_at is distinct from day_seals.sealed_at::varchar
                then 'the seal is the same, its other columns are not'
        end as difference
    from kept
    left join raw.day_seals on kept.source = day_seals.source and kept.seal_number = day_seals.seal_number
)
select
    count(*),
    count(difference),
    arg_min(
        source || ' seal ' || seal_number || ' of ' || sealed_date || ': the file has ' || seal_sha256 || ', '
        || difference,
        (source, seal_number)
    ) filter (where difference is not null)
from compared
"""


def export(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Write every seal to `path`. Returns how many.

    Raises:
        ConfigurationError: `path` is an address.
        WarehouseError: the file cannot be written.
    """
    check_local("export", path)
    columns = ", ".join(f"{name}::varchar" for name in COLUMNS)
    seals = connection.execute(_EXPORT.format(columns=columns)).fetchall()
    header = _HEADER.format(
        none=_NO_SEAL,
        texts=r"\n".join(["%s"] * len(_ARGUMENTS.split())),
        arguments=_ARGUMENTS,
        columns="\t".join(COLUMNS),
    )
    lines = ["\t".join(_NO_SEAL if value is None else value for value in seal) for seal in seals]
    try:
        write_durably(path, header + "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise WarehouseError(f"Cannot write {path}: {error.strerror}. Choose another file.") from None
    return len(seals)


def read(path: Path) -> Kept:
    """The seals of a file that `export` wrote.

    Raises:
        WarehouseError: the file cannot be read, is not such a file, or its own chain is broken.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        lines = [""]
    except OSError as error:
        raise WarehouseError(f"Cannot read {path}: {error.strerror}. Choose a file of exported seals.") from None
    seals = [line for line in lines if not line.startswith("#")]
    is_whole = len({line.count("\t") for line in seals}) == 1
    if not is_whole or not all(_LINE.fullmatch(line) for line in seals):
        raise WarehouseError(f"{path} is not a file of exported seals, or it was changed. Choose another.")
    lacking = [_NO_SEAL] * len(COLUMNS)
    columns = zip(*((line.split("\t") + lacking)[: len(COLUMNS)] for line in seals), strict=True)
    texts = [pa.array([None if text == _NO_SEAL else text for text in column]) for column in columns]
    kept = pa.table([text.cast(kind) for text, kind in zip(texts, COLUMNS.values(), strict=True)], [*COLUMNS])
    with duckdb.connect() as connection:
        connection.register("kept", kept)
        [(broken,)] = connection.execute(_BROKEN).fetchall()
    if broken:
        raise WarehouseError(
            f"{path} was changed: {broken} of its seals do not follow from the line. Choose another."
        )
    return kept


def compare(connection: duckdb.DuckDBPyConnection, kept: Kept) -> tuple[int, int, str | None]:
    """How many kept seals there are, how many the warehouse lacks or has otherwise, and which is the first."""
    with registered(connection, "kept", kept):
        return connection.execute(_COMPARE).fetchall()[0]
