"""Stories of keys: every kind of credential is created, changed, used and ended, some without a creation.

The keys that may read the feed are in `local_feed.serving.access`.
"""

from local_feed.history.cast import acting, admin_key_actor, api_actor, service_actor
from local_feed.history.chronicle import FOREVER, Actor, Chronicle, KeyLife
from local_feed.history.ids import opaque
from local_feed.instants import to_text


def change(kind: str, before: str, after: str) -> dict[str, str]:
    """One entry of an `updates` array."""
    return {"type": kind, "previous_value": before, "current_value": after}


def record_stories(c: Chronicle) -> None:
    """Record all stories of credentials."""
    for story in (
        _scoped,
        _platform,
        _admin,
        _service_keys,
        _apps,
        _signing,
        _external,
        _tunnels,
        _runners,
        _proxies,
    ):
        story(c)
    _service_accounts(c)
    _only_seen_in_use(c)


def _uses(
    c: Chronicle, day: float, key_id: str, *, status: int = 200, by: dict[str, object] | None = None
) -> None:
    c.record(
        day,
        "compliance_api_accessed",
        by or api_actor(acting(key_id)),
        None,
        request_id=opaque("req", key_id, day),
        request_method="GET",
        status_code=status,
        url="https://api.anthropic.com/v1/compliance/activities?limit=100",
    )


def _scoped(c: Chronicle) -> None:
    people, meridian = c.cast.people, c.cast.meridian
    reads = ["read:compliance_activities", "read:compliance_user_data"]
    for day, who, key, scopes in (
        (1.4, "ada", c.cast.compliance_key_id, reads),
        (1.5, "ada", c.cast.unscoped_key_id, ["read:compliance_org_data"]),
    ):
        c.record(day, "api_key_created", people[who], meridian, api_key_id=key, scopes=scopes)
        c.keys.append(KeyLife(api_actor(key), c.moment(day), FOREVER))
    lena_key = c.id("apikey", "lena")
    c.record(
        14.4,
        "api_key_created",
        people["lena"],
        meridian,
        api_key_id=lena_key,
        scopes=reads,
        restricted_to_organization=True,
    )
    _uses(c, 15.4, lena_key)
    updates = [change("name", "export", "export (old)"), change("activation_state", "ACTIVE", "INACTIVE")]
    c.record(140.4, "scoped_api_key_updated", people["ada"], meridian, api_key_id=lena_key, updates=updates)
    _uses(c, 141.4, lena_key, status=401)
    back = [change("activation_state", "INACTIVE", "ACTIVE")]
    c.record(170.4, "scoped_api_key_updated", people["ada"], meridian, api_key_id=lena_key, updates=back)
    c.keys.append(KeyLife(api_actor(lena_key), c.moment(170.5), FOREVER))
    # Created before logging began: first seen when it is renamed, and when it is deleted.
    old = c.id("apikey", "scoped before logging")
    c.record(
        9.4,
        "scoped_api_key_updated",
        people["bruno"],
        meridian,
        api_key_id=old,
        updates=[change("name", "tmp", "siem")],
    )
    gone = c.id("apikey", "scoped gone")
    for key, day, name in ((old, 240.4, "siem"), (gone, 11.4, "trial'); DROP TABLE activities;--")):
        c.record(
            day,
            "scoped_api_key_deleted",
            people["bruno"],
            meridian,
            api_key_id=key,
            api_key_name=name,
            scopes=reads,
        )


def _platform(c: Chronicle) -> None:
    priya, omar, console = c.cast.people["priya"], c.cast.people["omar"], c.cast.console
    ids = {name: c.id("apikey", "platform", name) for name in ("prod", "ci", "batch", "old", "omar")}
    for day, name, who in ((6.4, "prod", priya), (7.4, "ci", omar), (13.4, "batch", priya), (60.41, "omar", omar)):
        c.record(day, "platform_api_key_created", who, console, api_key_id=ids[name])

    def update(day: float, name: str, *updates: dict[str, str], by: Actor = priya) -> None:
        c.record(day, "platform_api_key_updated", by, console, api_key_id=ids[name], updates=list(updates))

    update(6.45, "prod", change("name", "", "production"), change("workspace", "default", c.id("wrkspc", "apps")))
    update(16.4, "ci", change("name", "", 'CI "nightly" \\ build'), change("status", "active", "inactive"))
    update(33.4, "ci", change("status", "inactive", "active"))
    update(95.4, "ci", change("status", "active", "inactive"), change("status", "inactive", "active"))
    update(230.4, "ci", change("status", "active", "archived"))
    update(110.4, "batch", change("status", "active", "expired"), by=admin_key_actor(c.cast.admin_key_id))
    update(28.4, "old", change("name", "key-1", "legacy <b>importer</b>"))
    update(340.4, "old", change("status", "active", "inactive"))
    for day, name in ((6.6, "prod"), (17.4, "prod"), (34.4, "ci"), (61.4, "omar"), (311.4, "omar")):
        _uses(c, day, ids[name])
    c.keys.append(KeyLife(api_actor(ids["prod"]), c.moment(6.7), FOREVER))
    c.keys.append(KeyLife(api_actor(ids["omar"]), c.moment(61), FOREVER))


def _admin(c: Chronicle) -> None:
    priya, console = c.cast.people["priya"], c.cast.console
    record = c.of(priya, console)
    first, second, old = (c.cast.admin_key_id, c.id("admin_api_key", 2), c.id("admin_api_key", 3))
    for day, key in ((2.4, first), (35.4, second)):
        record(day, "admin_api_key_created", admin_api_key_id=key, scopes=["org:admin"])
    # The same key under both of its ids.
    _uses(c, 2.6, first)
    c.record(2.7, "platform_usage_report_messages_viewed", admin_key_actor(first), console)
    c.keys.append(KeyLife(api_actor(acting(first)), c.moment(3), FOREVER))
    c.keys.append(
        KeyLife(
            admin_key_actor(first),
            c.moment(3),
            FOREVER,
            console,
            ("org_users_listed", "platform_cost_report_viewed"),
        )
    )
    updates = [change("name", "terraform", "terraform — 基盤"), change("status", "active", "inactive")]
    record(85.4, "admin_api_key_updated", admin_api_key_id=second, updates=updates)
    record(190.4, "admin_api_key_deleted", admin_api_key_id=second)
    _uses(c, 4.4, old)
    record(130.4, "admin_api_key_deleted", admin_api_key_id=old)


def _service_keys(c: Chronicle) -> None:
    ada, meridian = c.cast.people["ada"], c.cast.meridian
    record = c.of(ada, meridian)
    for n, day in enumerate((21.4, 36.4, 52.4)):
        key = None if n == 2 else c.id("service_key", n)
        record(
            day,
            "service_key_created",
            is_service_created=n == 0,
            key_name=f"collector {n}",
            scopes=["events:write"] if n else [],
            service_key_id=key,
            service_name="otel",
        )
    for n, day in ((0, 150.41), (9, 55.4)):
        key = c.id("service_key", n)
        record(day, "service_key_revoked", service_key_id=key, service_name="otel")


def _apps(c: Chronicle) -> None:
    priya, console = c.cast.people["priya"], c.cast.console
    record = c.of(priya, console)
    app, old = c.id("oauthapp", 1), c.id("oauthapp", 2)
    record(27.4, "platform_oauth_app_created", oauth_app_id=app, workspace_id=c.id("wrkspc", "apps"))
    updates = [change("name", "Field app", "Field app 2"), change("status", "active", "inactive")]
    record(66.4, "platform_oauth_app_updated", oauth_app_id=app, updates=updates)
    record(67.4, "platform_oauth_app_updated", oauth_app_id=app, updates=[change("status", "inactive", "active")])
    record(270.4, "platform_oauth_app_revoked", oauth_app_id=app)
    c.record(29.4, "platform_oauth_app_revoked", service_actor(c.id("svcac", "deploy")), console, oauth_app_id=old)


def _signing(c: Chronicle) -> None:
    priya, console = c.cast.people["priya"], c.cast.console
    record = c.of(priya, console)
    first, second, third, old = (c.id("sigkey", n) for n in range(4))
    facts = {"algorithm": "ed25519", "key_backing_type": "software"}
    record(38.4, "platform_signing_key_created", signing_key_id=first, status="ACTIVE", **facts)
    for day, before, after in ((138.4, first, second), (238.4, second, third), (39.4, old, c.id("sigkey", 9))):
        record(
            day,
            "platform_signing_key_rotated",
            algorithm="ed25519",
            key_group_identifier=c.id("keygrp", before == old),
            new_signing_key_id=after,
            old_signing_key_id=before,
        )
    record(338.4, "platform_signing_key_deleted", key_name="webhooks", signing_key_id=third, **facts)


def _external(c: Chronicle) -> None:
    priya, console = c.cast.people["priya"], c.cast.console
    record = c.of(priya, console)
    key, old = c.id("extkey", 1), c.id("extkey", 2)
    record(42.4, "org_external_key_created", external_key_id=key, provider="aws")
    for day, result in ((42.5, "failure"), (42.6, "success")):
        record(day, "org_external_key_validated", external_key_id=key, validation_result=result)
    updates = [change("display_name", "kms", "kms-eu"), change("geo", "us", "eu")]
    record(76.4, "org_external_key_updated", external_key_id=key, updates=updates)
    record(276.4, "org_external_key_deleted", external_key_id=key)
    record(43.4, "org_external_key_updated", external_key_id=old, updates=[change("display_name", "a", "b")])


def _tunnels(c: Chronicle) -> None:
    ada, meridian = c.cast.people["ada"], c.cast.meridian
    record = c.of(ada, meridian)
    for n, day in enumerate((44.4, 46.4)):
        record(day, "tunnel_token_minted", token_id=c.id("tuntok", n), token_name=("datacenter", None)[n])
    # A new secret under the same id.
    record(100.4, "tunnel_token_rotated", tunnel_id=c.id("tunnel"), tunnel_token_id=c.id("tuntok", 0))
    for n, day in ((0, 146.4), (7, 48.4)):
        record(day, "tunnel_token_revoked", token_id=c.id("tuntok", n), token_name=None)


def _runners(c: Chronicle) -> None:
    ada, meridian, pool = c.cast.people["ada"], c.cast.meridian, c.id("rpool")
    record = c.of(ada, meridian)
    record(51.4, "claude_code_runner_pool_created", runner_pool_id=pool, display_name="linux-arm64")
    for n, (day, until) in enumerate(((51.5, 416.5), (53.4, None), (54.4, 84.4))):
        record(
            day,
            "claude_code_runner_pool_secret_minted",
            runner_pool_id=pool,
            jti=c.id("jti", n),
            label=f"secret {n}" if n else None,
            expires_at=to_text(c.moment(until), 0) if until else None,
        )
    # The second of these was never minted, the third names no secret at all.
    for n, day in ((0, 151.4), (8, 56.4), (None, 57.4)):
        record(
            day,
            "claude_code_credential_revoked",
            credential_type="runner_pool_key" if n is not None else "session_token",
            jti=c.id("jti", n) if n is not None else None,
            runner_pool_id=pool,
        )


def _proxies(c: Chronicle) -> None:
    ada, meridian, profile = c.cast.people["ada"], c.cast.meridian, c.id("prof")
    record = c.of(ada, meridian)
    first, second, third = (c.id("cred", n) for n in range(3))
    facts = {"credential_type": "bearer", "display_name": "GitHub Enterprise", "profile_id": profile}
    basis = {
        "granting_role_ids": [],
        "slack_channel_id": "C024BE91L",
        "slack_enterprise_id": "E01",
        "slack_team_id": "T024BE7LD",
        "via_entitlement_leg": False,
        "via_full_manage": True,
    }
    record(
        58.4,
        "ccr_agent_proxy_credential_created",
        credential_id=first,
        host_constraint=["*.ghe.example"],
        host_constraint_truncated=False,
        authorization_basis=basis,
        **facts,
    )
    record(
        68.4,
        "ccr_agent_proxy_credential_updated",
        credential_id=first,
        display_name="GHE (eu)",
        host_constraint_truncated=False,
        profile_id=profile,
        updated_fields=["display_name"],
    )
    for day, before, after in ((158.4, first, second), (258.4, second, third)):
        record(
            day,
            "ccr_agent_proxy_credential_rotated",
            credential_id=after,
            previous_credential_id=before,
            destinations_repointed=2,
            rules_repointed=5,
            **facts,
        )
    record(358.4, "ccr_agent_proxy_credential_deleted", credential_id=third, profile_id=profile)


def _service_accounts(c: Chronicle) -> None:
    priya, console = c.cast.people["priya"], c.cast.console
    record = c.of(priya, console)
    deploy, retired = c.id("svcac", "deploy"), c.id("svcac", "retired")
    kinds = ("platform_agent_session_created", "platform_file_uploaded", "platform_skill_version_created")
    c.keys.append(KeyLife(service_actor(deploy), c.start, FOREVER, console, kinds))
    c.keys.append(KeyLife(service_actor(retired), c.start, c.moment(175.4), console, kinds[:1]))
    updates = [change("description", "", "deploys"), change("organization_role", "developer", "admin")]
    record(31.4, "platform_service_account_updated", service_account_id=deploy, updates=updates)
    record(175.4, "platform_service_account_archived", service_account_id=retired)
    nightly = c.id("svcac", "nightly")
    made = {"service_account_id": nightly, "organization_role": "developer"}
    record(510.4, "platform_service_account_created", **made)
    c.keys.append(KeyLife(service_actor(nightly), c.moment(511), FOREVER, console, kinds[:1]))


def _only_seen_in_use(c: Chronicle) -> None:
    mystery = c.id("apikey", "mystery")
    for day in (32.4, 32.401, 99.4):
        _uses(c, day, mystery)
    # Used under both prefixes, but never created: first as an admin key.
    both = c.id("admin_api_key", "mystery admin")
    c.record(37.4, "org_users_listed", admin_key_actor(both), c.cast.console)
    _uses(c, 37.6, both)
