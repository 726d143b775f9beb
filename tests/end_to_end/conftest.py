"""The whole pipeline on a small history, once for all tests that only look at its outcome."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from local_feed import LocalFeed
from orchestration.definitions import build_defs
from orchestration.resources import Warehouse
from orchestration.run import QUIET
from tests.manifests import parsed_runner

# What stays empty, and does not fire, where no directory is read.
MARTS_OF_DIRECTORY = {"directory_objects", "key_usage_daily", "state_agreement", "state_differences"}
RULES_OF_DIRECTORY = {
    "admin_inactive", "invitation_accepted_by_another", "key_inference_after_end", "key_owner_gone",
    "key_usage_above_baseline", "key_without_expiry", "unexplained_difference",
}  # fmt: skip
# What fires in the cases of `tests/dbt_project/cases` alone, and what needs an allowlist.
RULES_OF_CASES = {
    "code_egress_enabled", "impossible_travel", "invite_domains_widened", "key_made_outside_allowlist",
    "many_login_failures", "mass_api_deletion", "mass_chat_creation", "mass_member_removal", "mass_role_grant",
    "nameless_failures_then_success", "organization_setting_weakened", "password_spraying", "project_made_public",
    "scripted_session",
}  # fmt: skip
# To publish is a tenth of a refresh: a test that looks at nothing published leaves it out.
UNPUBLISHED = ("raw", "staging", "intermediate", "detections", "marts", "delivered", "archive")
PSEUDONYM_KEY = "the-key-of-the-pseudonyms-of-tests"


def run(
    job: str,
    path: Path,
    environment: dict[str, str],
    config: dict[str, Any] | None = None,
    *,
    stages: Collection[str] = (),
) -> dg.ExecuteInProcessResult:
    """One job of the real definitions on the warehouse at `path`, with its own run configuration or another.

    `stages`: the first parts of the keys of the assets to make, instead of all that the job makes.
    """
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        for name in (
            "ANTHROPIC_COMPLIANCE_ACCESS_KEY", "ANTHROPIC_ADMIN_KEY", "ARCHIVE_PATH", "FEED_START",
            "PUBLISH_POSTGRES_URL", "PSEUDONYM_KEY", "PSEUDONYM_KEY_FILE", "PUBLISHED_GENERAL_PATH",
            "PUBLISHED_DAYS",
        ):  # fmt: skip
            patch.delenv(name, raising=False)
        ours = {"WAREHOUSE_PATH": str(path), "PUBLISHED_PATH": str(path.parent / "published")}
        for name, value in (ours | environment).items():
            patch.setenv(name, value)
        patch.setattr("orchestration.assets.dbt_run.dbtRunner", parsed_runner)
        resolved = build_defs(warehouse=Warehouse(database=str(path))).resolve_job_def(job)
        wanted = [key for key in resolved.asset_layer.executable_asset_keys if key.path[0] in stages]
        return resolved.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={**(config or resolved.run_config or {}), **QUIET},
            asset_selection=wanted or None,
        )


def environment_of(feed: LocalFeed, **more: str) -> dict[str, str]:
    """The environment that reads the local feed up to now."""
    return {
        "COMPLIANCE_API_URL": feed.url,
        "ANTHROPIC_COMPLIANCE_ACCESS_KEY": feed.key,
        "FEED_SETTLE_SECONDS": "0",
        "FEED_REQUESTS_PER_MINUTE": "1000000",
        "FEED_SOURCES": "",
        "DETECTIONS": "",
    } | more
