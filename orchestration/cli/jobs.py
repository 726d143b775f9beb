"""Commands that run a job in this process."""

from typing import Annotated

from orchestration.cli.app import command, option
from orchestration.run import run_job

# The jobs that take no options.
_JOBS = {
    "refresh": "Run one incremental cycle: ingest, build, check.",
    "directory": "Read what exists now beside the feed, as far as the keys can, then build and check.",
    "rebuild": "Rebuild every curated table from the raw data.",
    "publish": "Publish the tables as they were last built.",
    "archive": "Seal what is due, and archive sealed days.",
    "siem": "Deliver activities and findings to the SIEM, as far as they were last built.",
}


def _run_of(job: str, description: str) -> None:
    def run() -> int:
        return run_job(job)

    run.__name__, run.__doc__ = job, description
    command(run)


for _job, _description in _JOBS.items():
    _run_of(_job, _description)


@command
def reconcile(
    first: Annotated[str, option("DATE", "the first day (UTC) to read again", "--from")] = "",
    last: Annotated[str, option("DATE", "the last day, included", "--to")] = "",
) -> int:
    """Read covered days again for late and changed activities, then build and check."""
    config = {"reconcile": True, "first_date": first, "last_date": last}
    return run_job("reconcile", raw_tables=config)


@command
def attest(
    first: Annotated[str, option("DATE", "the first day (UTC)", "--from")] = "",
    last: Annotated[str, option("DATE", "the last day, included", "--to")] = "",
    source: Annotated[str, option("NAME", "one source; without it, each")] = "",
    output: Annotated[str, option("DIR", "default: attestations, beside the warehouse")] = "",
) -> int:
    """State how completely a period (last month) was read."""
    config = {"first_date": first, "last_date": last, "source": source, "output": output}
    return run_job("attest", evidence__attestation=config)


@command
def review(
    on: Annotated[str, option("DATE", "the day (UTC); default: the newest complete one")] = "",
    since: Annotated[str, option("DATE", "the day of the last review; default: 90 days before")] = "",
    output: Annotated[str, option("DIR", "default: access-reviews, beside the warehouse")] = "",
) -> int:
    """Write who held what on a day, and what changed since the last review."""
    return run_job("review", evidence__access_review={"day": on, "since": since, "output": output})
