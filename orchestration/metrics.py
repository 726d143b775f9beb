"""The status as metrics in the text format of Prometheus: as a page of the UI's server, and as a file."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from orchestration.config.values import ConfigurationError
from orchestration.status import Status

PREFIX = "compliance_warehouse"
# The collector of Prometheus reads it under another account, and it names nobody.
_FILE_MODE = 0o644


def render_metrics(status: Status) -> bytes:
    """All metrics of a status. What is not known yet is left out."""
    registry = CollectorRegistry()
    for name, text, label, values in _families(status):
        gauge = Gauge(f"{PREFIX}_{name}", text, [label] if label else [], registry=registry)
        for key, value in values.items():
            (gauge.labels(key) if label else gauge).set(value)
    return generate_latest(registry)


def write_metrics(status: Status, path: Path) -> None:
    """Write the metrics to a file, replaced as a whole. A file that holds something else is left alone.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        if path.exists() and not _is_ours(path):
            raise ConfigurationError(
                f"METRICS_PATH is {path}, which holds something other than metrics. Choose another file."
            )
        draft.write_bytes(render_metrics(status))
        draft.chmod(_FILE_MODE)
        os.replace(draft, path)
    except OSError as error:
        raise ConfigurationError(
            f"METRICS_PATH is {path}, which cannot be written ({error.strerror}). Choose a file in a "
            "directory that exists."
        ) from None


def _is_ours(path: Path) -> bool:
    beginning = f"# HELP {PREFIX}_".encode()
    with path.open("rb") as file:
        return file.read(len(beginning)) in (b"", beginning)


def _families(status: Status) -> Iterator[tuple[str, str, str, dict[str, float]]]:
    """Name, help, label and values by the value of the label."""
    times: dict[str, tuple[str, datetime | None]] = {
        "checked": ("When this was read.", status.checked_at),
        "last_success": ("End of the last refresh that succeeded.", status.last_success_at),
        "newest_activity": ("Time of the newest activity.", status.newest_activity_at),
        "published": ("When the published edition was made.", status.published_at),
        "complete_through": ("Up to when the published edition is complete.", status.complete_through),
    }
    for name, (text, moment) in times.items():
        if moment:
            yield f"{name}_timestamp_seconds", text, "", {"": moment.timestamp()}
    counts = {
        "gaps": ("Gaps in covered time.", status.gap_count),
        "alerts_waiting": ("Alerts that could not be sent.", status.alerts_waiting_count),
        "problems": ("Problems that `make status` names.", len(status.problems)),
    }
    for name, (text, count) in counts.items():
        if count is not None:
            yield name, text, "", {"": count}
    runs = {
        "working": status.running_run_count,
        "queued": status.queued_run_count,
        "stuck": len(status.stuck_runs),
    }
    yield "runs", "Runs that have not ended.", "state", runs
    yield "job_failed", "Jobs whose newest run failed.", "job", dict.fromkeys(status.failed_jobs, 1)
    yield "disk_free_bytes", "Free bytes, by the setting that names the path.", "path", dict(status.free_bytes)
    yield "info", "The version of the product.", "version", {status.version: 1}
