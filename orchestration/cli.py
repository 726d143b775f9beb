"""The commands behind `make`, and those that exist only here.

A command imports what it needs when it is called, so that all of them start fast. The exit status is 0 when
everything succeeded, 1 when something failed, 2 when the command line makes no sense.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.models import OptionInfo

from orchestration.config.settings import PSEUDONYM_KEY, Settings, pseudonym_key
from orchestration.config.values import ConfigurationError
from orchestration.dagster_home import open_instance
from orchestration.errors import ExplainedError
from orchestration.run import STOPPED, prepare_environment, report_lost_runs, run_job
from orchestration.terminal import printable

if TYPE_CHECKING:
    from orchestration.privacy.selection import Preview

_CONFIRM = (
    "Nothing was removed. A removal cannot be undone, and whether records under a legal hold may be removed is "
    "for those to decide who answer for them. To remove these, run the same with --yes (make: YES=1)."
)
_STILL_PUBLISHED = (
    "What was removed from the warehouse may still be in what is published: repair what failed, then run "
    "`make rebuild`."
)

# A build can hold the warehouse for minutes.
TRIAGE_WAIT_SECONDS = 600.0

app = typer.Typer(
    help=__doc__.splitlines()[0],
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# The jobs that take no options.
_JOBS = {
    "refresh": "Run one incremental cycle: ingest, build, check.",
    "directory": "Read what exists now beside the feed, as far as the keys can, then build and check.",
    "rebuild": "Rebuild every curated table from the raw data.",
    "publish": "Publish the tables as they were last built.",
    "archive": "Seal what is due, and archive sealed days.",
    "siem": "Deliver activities and findings to the SIEM, as far as they were last built.",
}


def _option(metavar: str, text: str, *names: str) -> OptionInfo:
    return typer.Option(*names, metavar=metavar, help=text)


def _flag(name: str, text: str) -> OptionInfo:
    return typer.Option(name, help=text)


Subject = Annotated[str, _option("WHO", "a user id or an email address")]
By = Annotated[str, _option("WHO", "who requests it: a role, no email address")]
Why = Annotated[str, _option("WHY", "such as the number of a case; kept for good")]
Yes = Annotated[bool, _flag("--yes", "remove; without it the command only says what it would remove")]


def main() -> int:
    """Run the command that `sys.argv` names. Returns the exit status."""
    try:
        app(prog_name="python -m orchestration")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Register a command. It begins with a prepared environment, and an explained error ends it with status 1."""

    @wraps(function)
    def run(**arguments: object) -> None:
        try:
            prepare_environment()
            status = function(**arguments) or 0
        except ExplainedError as error:
            status = _fail(str(error))
        except KeyboardInterrupt:
            print(f"\n{STOPPED}", file=sys.stderr)
            status = 130
        raise typer.Exit(status)

    return app.command()(run)


def _fail(sentence: str) -> int:
    print(printable(sentence), file=sys.stderr)
    return 1


def _run_of(job: str, description: str) -> None:
    def run() -> int:
        return run_job(job)

    run.__name__, run.__doc__ = job, description
    command(run)


for _job, _description in _JOBS.items():
    _run_of(_job, _description)


@command
def reconcile(
    first: Annotated[str, _option("DATE", "the first day (UTC) to read again", "--from")] = "",
    last: Annotated[str, _option("DATE", "the last day, included", "--to")] = "",
) -> int:
    """Read covered days again for late and changed activities, then build and check."""
    config = {"reconcile": True, "first_date": first, "last_date": last}
    return run_job("reconcile", raw_tables=config)


@command
def attest(
    first: Annotated[str, _option("DATE", "the first day (UTC)", "--from")] = "",
    last: Annotated[str, _option("DATE", "the last day, included", "--to")] = "",
    source: Annotated[str, _option("NAME", "one source; without it, each")] = "",
    output: Annotated[str, _option("DIR", "default: attestations, beside the warehouse")] = "",
) -> int:
    """State how completely a period (last month) was read."""
    config = {"first_date": first, "last_date": last, "source": source, "output": output}
    return run_job("attest", evidence__attestation=config)


@command
def review(
    on: Annotated[str, _option("DATE", "the day (UTC); default: the newest complete one")] = "",
    since: Annotated[str, _option("DATE", "the day of the last review; default: 90 days before")] = "",
    output: Annotated[str, _option("DIR", "default: access-reviews, beside the warehouse")] = "",
) -> int:
    """Write who held what on a day, and what changed since the last review."""
    return run_job("review", evidence__access_review={"day": on, "since": since, "output": output})


@command
def audit_pack(
    first: Annotated[str, _option("DATE", "the first day (UTC)", "--from")] = "",
    last: Annotated[str, _option("DATE", "the last day, included", "--to")] = "",
    output: Annotated[Path | None, _option("DIR", "default: audit-packs, beside the warehouse")] = None,
) -> None:
    """Write the evidence of a period (last month) as one signed archive."""
    from orchestration.attestation.attest import read_period
    from orchestration.audit_pack.build import Request, write_pack
    from orchestration.audit_pack.signature import read_private_key
    from orchestration.warehouse.connection import warehouse_lock

    paths = Settings.paths(os.environ)
    read = Settings.read(os.environ, "audit_pack_key_file", "audit_pack_timestamp_url")
    key, period = read_private_key(read.audit_pack_key_file), read_period(first or None, last or None)
    with warehouse_lock(paths.warehouse_path):
        request = Request(paths.warehouse_path, paths.published_path, period, key, read.audit_pack_timestamp_url)
        packed = write_pack(request, output)
    print(f"{period}: {len(packed.counts)} files.\n  {packed.path}\n  SHA-256 {packed.sha256}")


@command
def verify_pack(
    pack: Annotated[Path, typer.Argument(metavar="PACK")],
    public_key: Annotated[Path, typer.Argument(metavar="PUBLIC_KEY")],
    authority: Annotated[
        Path | None, _option("FILE", "root certificates (PEM) of the authority of its timestamp")
    ] = None,
) -> int:
    """Check an audit pack. Needs the pack and the public key alone."""
    from orchestration.audit_pack.check import verify_pack as check_pack

    checked = check_pack(pack, public_key, authority)
    for damage in checked.damages:
        _fail(damage)
    if not checked.damages:
        print(*map(printable, checked.statements), sep="\n")
    return 1 if checked.damages else 0


@command
def query(
    sql: str,
    csv: Annotated[bool, _flag("--csv", "as CSV that no spreadsheet runs as a formula")] = False,
    json: Annotated[bool, _flag("--json", "as a JSON array of objects")] = False,
    xlsx: Annotated[Path | None, _option("FILE", "into a spreadsheet")] = None,
) -> int:
    """Print the result of a query on the warehouse, or write it into a file."""
    from orchestration.warehouse.answers import answer, show

    if csv + json + bool(xlsx) > 1:
        raise typer.BadParameter("Use one of --csv, --json and --xlsx.")
    path = Settings.paths(os.environ).warehouse_path
    if xlsx:
        answer(path, sql).write_workbook(xlsx)
    elif csv or json:
        found = answer(path, sql)
        sys.stdout.write(found.as_csv() if csv else found.as_json())
    else:
        show(path, sql)
    return 0


@command
def verify(
    against: Annotated[Path | None, _option("FILE", "also compare with seals that were exported")] = None,
    archive: Annotated[bool, _flag("--archive", "also read every file of the archive, and compare")] = False,
    published: Annotated[bool, _flag("--published", "also compare published files with their manifest")] = False,
) -> int:
    """Compute every hash, seal and count again, and compare."""
    # Not the job: who verifies may have the file alone, and what the options name are no assets.
    from orchestration.archive.check import check_archive
    from orchestration.archive.storage.s3 import configured_store
    from orchestration.evidence import seal_file
    from orchestration.publish.manifest import check_published
    from orchestration.verification.verify import verify as verify_warehouse

    paths = Settings.paths(os.environ)
    path, general = paths.warehouse_path, paths.published_general_path
    kept = seal_file.read(against) if against else None
    found = verify_warehouse(path, kept)
    if archive:
        found.outcomes.extend(check_archive(path, configured_store()))
    if published:
        found.outcomes.append(check_published(paths.published_path))
        if general.exists():
            found.outcomes.append(check_published(general))
    for line in found.describe():
        print(printable(line))
    for one in found.findings:
        _fail(f"{one.table}: {one.name}: {one.finding_count:,} differ. First: {one.first}")
    return 1 if found.findings else 0


@command
def seals(export: Annotated[Path, _option("FILE", "the file to write")]) -> None:
    """Write the seals to a text file, to be kept elsewhere."""
    from orchestration.evidence.seal_file import export as export_seals
    from orchestration.warehouse.connection import open_warehouse

    with open_warehouse(Settings.paths(os.environ).warehouse_path, read_only=True) as connection:
        count = export_seals(connection, export)
    print(f"{count} seal(s) in {export}. Keep the file where the warehouse's writers cannot write.")


@command
def prove(
    activity_id: Annotated[str, typer.Argument(metavar="ACTIVITY_ID")],
    source: Annotated[str, _option("NAME", "where several sources have the record")] = "",
    output: Annotated[Path | None, _option("FILE", "default: in proofs, beside the warehouse")] = None,
) -> None:
    """Write a proof that one record is in a sealed day, without showing the others."""
    from orchestration.verification.proof import prove as prove_record

    proven, file = prove_record(Settings.paths(os.environ).warehouse_path, activity_id, source, output)
    print(f"{printable(str(proven))}.\n  {file}")


@command
def check_proof(
    proof: Annotated[Path, typer.Argument(metavar="FILE")],
    against: Annotated[Path | None, _option("FILE", "look for the seal in seals that were exported")] = None,
) -> int:
    """Check a proof of one record. Needs no warehouse."""
    from orchestration.evidence import seal_file
    from orchestration.verification import proof as proofs

    proven = proofs.check(proofs.read(proof))
    print(f"{printable(str(proven))}.")
    if against is None:
        print("Compare this hash with the seal that was kept elsewhere, or name a file of seals with --against.")
    elif not proofs.is_kept(proven, seal_file.read(against)):
        return _fail(f"{against} has no such seal. Use one that was exported after the day was sealed.")
    return 0


@command
def restore() -> None:
    """Build an empty warehouse from the archive."""
    from orchestration.archive.restore import restore as restore_warehouse
    from orchestration.archive.storage.s3 import configured_store

    path = Settings.paths(os.environ).warehouse_path
    restored = restore_warehouse(path, configured_store())
    print(
        f"{restored.activity_count:,} activities from {restored.file_count:,} file(s) are in {path}, and every "
        f"check of verify passed. {restored.forgotten_count:,} extract(s) of days that were not archived no "
        "longer prove anything: run `make refresh`, which reads these days again and builds the tables."
    )


@command
def subject_report(
    subject: Subject,
    output: Annotated[Path | None, _option("DIR", "default: subject-reports, beside the warehouse")] = None,
) -> None:
    """Write everything that is held on one person, as files."""
    from orchestration.assets.project import project
    from orchestration.privacy.subject_report import write_report
    from orchestration.publish.marts import read_catalog

    catalog = read_catalog(project.manifest_path)
    report = write_report(Settings.paths(os.environ).warehouse_path, catalog, subject, output)
    print(f"{report.counts['activities.jsonl']:,} records and rows of {len(report.counts) - 2} tables in")
    print(f"  {report.directory}")


@command
def erase(subject: Subject, by: By = "", why: Why = "", yes: Yes = False) -> int:
    """Remove every record that names one person, for good."""
    # Not the job: Dagster keeps what a run is given, and this may be an email address.
    from orchestration.privacy.copies import NOTHING, clear_published, describe_copies
    from orchestration.privacy.erasure import ERASURE, RemovalRequest
    from orchestration.privacy.erasure import erase as erase_person
    from orchestration.privacy.selection import preview_erasure
    from orchestration.warehouse.connection import open_warehouse, warehouse_lock
    from orchestration.warehouse.errors import WarehouseError

    paths, request = Settings.paths(os.environ), RemovalRequest(by, why)
    path = paths.warehouse_path
    if not yes:
        with open_warehouse(path, read_only=True) as connection:
            preview = preview_erasure(connection, subject)
        return _preview(path, preview, ERASURE, next(iter(preview.user_ids), ""))
    removed, status = None, 0
    try:
        with warehouse_lock(path):
            removed = erase_person(path, subject, request)
        print(f"{printable(str(removed or NOTHING))}.", flush=True)
    except WarehouseError as error:
        status = _fail(str(error))
    # dbt notes the command line of its process in its artifacts, and this one names the person.
    sys.argv[1:] = ["rebuild"]
    try:
        # Also where nothing was found: what an earlier removal left beside the warehouse may name the person.
        clear_published(paths.published_path, paths.published_general_path)
        if removed:
            status = run_job("rebuild")
    except ExplainedError as error:
        status = _fail(str(error))
    if removed and status:
        _fail(_STILL_PUBLISHED)
    print(describe_copies(path))
    return status


@command
def retain(by: By = "", why: Why = "", yes: Yes = False) -> int:
    """Remove the days that are older than RAW_DAYS, for good."""
    from orchestration.privacy.confirmation import issue
    from orchestration.privacy.erasure import RETENTION, RemovalRequest, oldest_kept
    from orchestration.privacy.selection import preview_retention
    from orchestration.warehouse.connection import open_warehouse

    RemovalRequest(by, why)
    path = Settings.paths(os.environ).warehouse_path
    before = oldest_kept(Settings.read(os.environ, "raw_days").raw_days)
    if not yes:
        print(f"Sealed days before {before} (UTC) would be removed.")
        with open_warehouse(path, read_only=True) as connection:
            preview = preview_retention(connection, before)
        return _preview(path, preview, RETENTION, str(before))
    token = issue(path, RETENTION, str(before))
    config = {"kind": RETENTION, "requested_by": by, "reason": why, "confirmation": token}
    return run_job("retain", raw__removals=config) and _fail(_STILL_PUBLISHED)


def _preview(path: Path, preview: Preview, kind: str, subject: str) -> int:
    from orchestration.privacy.confirmation import describe

    print(*preview.describe(), _CONFIRM, sep="\n")
    if subject:
        print(printable(describe(path, kind, subject)))
    return 0


@command
def triage(
    findings: Annotated[list[str] | None, typer.Argument(help="ids of findings, or how they begin")] = None,
    status: Annotated[str, _option("STATUS", "acknowledged, false_positive, resolved, muted or open")] = "",
    by: Annotated[str, _option("WHO", "who decides: no email address")] = "",
    why: Annotated[str, _option("WHY", "kept with the finding as evidence")] = "",
    until: Annotated[str, _option("DATE", "until when a finding is muted (UTC)")] = "",
    rule: Annotated[str, _option("RULE", "instead of findings: a rule, with --subject")] = "",
    subject: Annotated[str, _option("ID", "the subject whose findings by the rule are meant")] = "",
) -> None:
    """Store what was decided about findings."""
    # Not the job: Dagster keeps what a run is given, and a subject may be an address.
    from orchestration.detections.decisions import Decision, decide
    from orchestration.warehouse.connection import open_warehouse, warehouse_lock

    decision = Decision.stated(status, by, why, until)
    named = [name for text in findings or () for name in text.split()]
    path = Settings.paths(os.environ).warehouse_path
    with warehouse_lock(path, wait_seconds=TRIAGE_WAIT_SECONDS), open_warehouse(path) as connection:
        numbers = decide(connection, decision, named, rule, subject)
    print(f"{len(numbers)} decision(s) stored. The next build shows them in marts.findings.")


@command
def reveal(
    pseudonyms: Annotated[list[str] | None, typer.Argument(help="p_…; none: those on standard input")] = None,
) -> int:
    """Print what pseudonyms of the general set stand for."""
    from orchestration.assets.project import project
    from orchestration.publish.marts import read_catalog
    from orchestration.publish.reveal import reveal as reveal_values

    key = pseudonym_key(os.environ)
    if key is None:
        raise ConfigurationError(f"{PSEUDONYM_KEY} is not set. Set the key that the general set was made with.")
    asked = list(dict.fromkeys(pseudonyms or sys.stdin.read().split()))
    paths = Settings.paths(os.environ)
    found = reveal_values(
        key, set(asked), read_catalog(project.manifest_path), paths.published_path, paths.warehouse_path
    )
    for pseudonym in asked:
        for value in found.get(pseudonym, []):
            print(f"{pseudonym}\t{printable(value)}")
        if pseudonym not in found:
            _fail(f"{pseudonym}: no value of the restricted set has this pseudonym under this key.")
    return 0 if found.keys() >= set(asked) else 1


@command
def alert_test() -> int:
    """Send a test message to every receiver in ALERT_URLS."""
    from datetime import UTC, datetime

    from orchestration.config.alerts import ALERT_URLS, read_alerts
    from orchestration.deliver.alerts import send_test

    settings = read_alerts(os.environ)
    if settings is None:
        raise ConfigurationError(f"{ALERT_URLS} is not set. docs/alerts.md says how to set it.")
    outcomes = send_test(settings, datetime.now(UTC))
    for name, error in outcomes.items():
        print(f"{name}: {error or 'sent'}", file=sys.stderr if error else sys.stdout)
    return 1 if any(outcomes.values()) else 0


@command
def status(
    json: Annotated[bool, _flag("--json", "as JSON, for monitors")] = False,
    metrics: Annotated[bool, _flag("--metrics", "as text for Prometheus")] = False,
) -> int:
    """Print the health of the installation; the exit status is 1 where there is a problem."""
    from datetime import UTC, datetime

    import orjson

    from orchestration.metrics import render_metrics
    from orchestration.status import read_status

    with open_instance() as instance:
        found = read_status(instance, os.environ, datetime.now(UTC))
    if json:
        print(orjson.dumps(found.json(), option=orjson.OPT_INDENT_2).decode())
    elif metrics:
        print(render_metrics(found).decode(), end="")
    else:
        for line in found.describe():
            print(printable(line))
    return 1 if found.problems else 0


@command
def questions() -> None:
    """Rewrite the rows in docs/questions.md."""
    from orchestration.docs_pages.questions import write
    from orchestration.publish.manifest import DATABASE

    write(Settings.paths(os.environ).published_path / DATABASE)


@command
def dictionary() -> None:
    """Rewrite docs/data_dictionary.md from dbt's descriptions."""
    from orchestration.assets.project import project
    from orchestration.docs_pages.dictionary import DICTIONARY, render
    from orchestration.publish.marts import read_catalog

    DICTIONARY.write_text(render(read_catalog(project.manifest_path)))


@command
def docs(port: int = 8080) -> int:
    """Serve dbt's documentation on 127.0.0.1."""
    from orchestration.docs_pages.dictionary import serve

    return serve(port)


@command
def ui(
    port: int = 3000,
    no_daemon: Annotated[bool, _flag("--no-daemon", "the daemon is a service of its own")] = False,
) -> int:
    """Open the Dagster UI on this workspace, on 127.0.0.1."""
    from orchestration.ui import serve

    with open_instance() as instance:
        report_lost_runs(instance)
    return serve(port, with_daemon=not no_daemon)


@command
def daemon() -> None:
    """Start runs on their schedules, without the UI: a service."""
    from orchestration.ui import become_daemon

    with open_instance() as instance:
        report_lost_runs(instance)
    become_daemon()
