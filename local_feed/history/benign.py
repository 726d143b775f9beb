"""A company in which nothing bad happens: its activities of a year, or of some weeks, as a test of quiet.

People work from dual-stack offices and homes, over a VPN and on telephones, in three time zones; they join and
leave, mistype, clean up every quarter, and travel: `benign_year.toml` has the networks, habits and events. A pure
function of its arguments. Unlike `History`, it has no attack and no oddity.
"""

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from local_feed.history.ids import opaque, opaque_uuid

_YEAR: dict[str, Any] = tomllib.loads(Path(__file__).with_name("benign_year.toml").read_text("utf-8"))
ORGANIZATION = opaque("org", "benign")
ORGANIZATION_UUID = opaque_uuid("benign")
_BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0"
_TELEPHONE = "Claude/1.24 (iPhone; iOS 19.1)"
_NO_ORGANIZATION = ("login", "compliance_api_accessed")
_ADMINS = 4


def benign_records(
    people: int = _YEAR["people"], weeks: int = 52, start: str = _YEAR["start"], seed: int = 1, least: int = 0
) -> Iterator[bytes]:
    """The records of `weeks` from `start` (a Monday), day by day, unordered within a day.

    `least`: how often each event happens at least, however short the time and small the company.
    """
    return Year(people, weeks, date.fromisoformat(start), seed, least).records()


class Year:
    """The company from its first to its last day."""

    def __init__(self, people: int, weeks: int, start: date, seed: int, least: int) -> None:
        self._random = Random(f"benign {seed}")
        self._start, self._days = start, weeks * 7
        sites = _YEAR["sites"]
        self._people = [self._person(sites, n) for n in range(people)]
        self._admins = self._people[:_ADMINS]
        self._made = 0
        scale = people / _YEAR["people"]
        self._reader = "192.0.2.200"
        self._today: list[bytes] = []
        share = weeks / 52
        self._planned: dict[int, list[dict[str, Any]]] = {}
        for event in _YEAR["events"]:
            expected = event["rate"] * share * (scale if event["rate"] > 4 else 1)
            count = max(int(expected) + (self._random.random() < expected % 1), least)
            for n in range(count):
                # Evenly over the time, on working days.
                day = int((n + self._random.random()) / count * self._days)
                self._planned.setdefault(day - max(day % 7 - 4, 0), []).append(event)

    def records(self) -> Iterator[bytes]:
        """All records, day by day."""
        for number in range(self._days):
            day = self._start + timedelta(days=number)
            self._today = []
            if day.weekday() < 5:
                for person in self._people:
                    if self._random.random() < _YEAR["habits"]["works"]:
                        self._works(person, day)
                for event in self._planned.get(number, ()):
                    self._happens(event, day)
            self._read(day)
            yield from self._today

    def _person(self, sites: list[dict[str, Any]], n: int) -> dict[str, Any]:
        site = self._random.choices(sites, [site["share"] for site in sites])[0]
        home = (f"10.{n // 250}.{n % 250}.7", f"2001:db8:{0x1000 + n:x}::7")
        return {"n": n, "id": f"user_benign_{n}", "email": f"person{n}@corp.example", "site": site, "home": home}

    def _works(self, person: dict[str, Any], day: date) -> None:
        habits, draw = _YEAR["habits"], self._random
        for _ in range(draw.choice(habits["sessions"])):
            at = self._moment(person, day, 8 + draw.random() * 9)
            places = self._connection(person, day)
            if draw.random() < habits["sign_in"]:
                for back in range(draw.choice((1, 1, 2, 3)) if draw.random() < habits["mistyped"] else 0):
                    self._fails(person, at - timedelta(seconds=40 * (back + 1)), places[0])
                self._act(person, at, "sso_login_succeeded", places)
            for kind in draw.choices(*zip(*_YEAR["work"].items(), strict=True), k=draw.choice(habits["acts"])):
                at += timedelta(seconds=draw.expovariate(1 / 300))
                telephone = draw.random() < habits["telephone"]
                where = self._filled(person["site"]["carrier"], person, day) if telephone else places
                self._act(person, at, kind, where, agent=_TELEPHONE if telephone else _BROWSER)
            if draw.random() < habits["sign_out"]:
                self._act(person, at + timedelta(minutes=3), "user_logged_out", places)

    def _connection(self, person: dict[str, Any], day: date) -> list[str]:
        habits, draw = _YEAR["habits"], self._random
        place = draw.random()
        if place < habits["office"]:
            return self._filled(person["site"]["office"], person, day)
        if draw.random() < habits["vpn"]:
            return self._filled([draw.choice(person["site"]["vpn"])], person, day)
        if place < habits["office"] + habits["home"]:
            return list(person["home"])
        return [f"10.{200 + draw.randrange(50)}.{draw.randrange(250)}.9"]

    def _filled(self, templates: list[str], person: dict[str, Any], day: date) -> list[str]:
        # A telephone keeps its part of the carrier for some days, and its IPv6 network for one.
        net = (person["n"] * 7 + day.toordinal() // 6) % 24
        values = {"host": 1 + person["n"] % 250, "net": net, "day": day.toordinal() % 9000}
        return [template.format(**values) for template in templates]

    def _moment(self, person: dict[str, Any], day: date, hour: float) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(person["site"]["zone"])) + timedelta(hours=hour)

    def _act(
        self, person: dict[str, Any], at: datetime, kind: str, places: list[str] | None = None,
        agent: str = _BROWSER, **fields: Any,
    ) -> None:  # fmt: skip
        places = places or self._filled(person["site"]["office"], person, at.date())
        thing = kind.removeprefix("claude_").split("_")[0]
        fields = fields or {f"claude_{thing}_id": self._id(f"claude_{thing}")}
        actor = {
            "type": "user_actor", "user_id": person["id"], "email_address": person["email"],
            "ip_address": self._random.choice(places), "user_agent": agent,
        }  # fmt: skip
        self._write(at, kind, actor, fields)

    def _fails(self, person: dict[str, Any], at: datetime, address: str, kind: str = "sso_login_failed") -> None:
        actor = {
            "type": "unauthenticated_user_actor", "unauthenticated_email_address": person["email"],
            "ip_address": address, "user_agent": _BROWSER,
        }  # fmt: skip
        self._write(at, kind, actor, {})

    def _id(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_benign_{self._made}"

    def _write(self, at: datetime, kind: str, actor: dict[str, Any], fields: dict[str, Any]) -> None:
        placed = not any(word in kind for word in _NO_ORGANIZATION)
        record = {
            "id": self._id("activity"), "created_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "organization_id": ORGANIZATION if placed else None,
            "organization_uuid": ORGANIZATION_UUID if placed else None,
            "actor": actor, "type": kind, **fields,
        }  # fmt: skip
        self._today.append(json.dumps(record, separators=(",", ":")).encode())

    def _read(self, day: date) -> None:
        # The SIEM reads the feed, some times a day.
        for hour in (0, 6, 12, 18):
            self._write(
                datetime.combine(day, time(hour), UTC), "compliance_api_accessed",
                {"type": "api_actor", "api_key_id": "apikey_benign_siem", "ip_address": self._reader,
                 "user_agent": "siem-collector/4.2"},
                {"request_id": self._id("req"), "request_method": "GET", "status_code": 200,
                 "url": "https://api.anthropic.com/v1/compliance/activities"},
            )  # fmt: skip

    def _happens(self, event: dict[str, Any], day: date) -> None:
        among = self._admins if event.get("who") == "admin" else self._people[_ADMINS:]
        person = self._random.choice(among)
        at = self._moment(person, day, 9 + self._random.random() * 8)
        if "kind" in event:
            getattr(self, f"_{event['kind']}")(person, at, event)
        elif event.get("who") == "provider":
            self._write(at, event["type"], {"type": "anthropic_actor", "email_address": None}, event["fields"])
        else:
            named = {"claude_artifact_id": self._id("claude_artifact")} if "artifact" in event["type"] else {}
            self._act(person, at, event["type"], **event.get("fields", {"note": "none"}) | named)

    def _leaves(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        """Removed by the directory sync, signs out eleven minutes later; the browser's last tries are refused."""
        at = self._moment(person, at.date(), 22)
        self._scim(at, "scim_user_deleted", person)
        after = at + timedelta(minutes=11)
        self._act(person, after, "user_logged_out")
        self._act(person, after + timedelta(minutes=20), "claude_chat_access_failed")
        self._act(person, after + timedelta(minutes=30), "session_revoked")
        self._people.remove(person)

    def _joins(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        n = 1_000 + self._made % 50_000
        new = person | {"n": n, "id": f"user_benign_{n}", "email": f"person{n}@corp.example"}
        new["home"] = (f"10.{100 + n % 90}.{n % 250}.7", f"2001:db8:{0x1000 + n % 50_000:x}::7")
        if any(known["id"] == new["id"] for known in self._people):
            return
        self._scim(at, "scim_user_created", new)
        facts = {"user_id": new["id"], "user_email": new["email"], "previous_role": None, "current_role": "user"}
        self._write(at, "claude_user_role_updated", {"type": "anthropic_actor", "email_address": None}, facts)
        self._people.append(new)

    def _scim(self, at: datetime, kind: str, person: dict[str, Any]) -> None:
        actor = {
            "type": "scim_directory_sync_actor", "workos_event_id": self._id("event"),
            "directory_id": "directory_benign", "idp_connection_type": "OktaSCIMV2.0",
        }  # fmt: skip
        self._write(at, kind, actor, {"user_id": person["id"]})

    def _many(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        for n in range(self._random.choice(event["count"])):
            self._act(person, at + timedelta(seconds=20 * n), event["type"])

    def _cleans_up(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        """On one day a tenth of the people delete what they no longer need."""
        for one in self._random.sample(self._people, max(len(self._people) // 10, 6)):
            begin = self._moment(one, at.date(), 10 + self._random.random() * 5)
            for n in range(self._random.randrange(20, 120)):
                self._act(one, begin + timedelta(seconds=15 * n), "claude_chat_deleted")

    def _identity_provider_fails(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        """For an hour nobody at a site can sign in; then all can."""
        for one in self._people:
            if one["site"] is person["site"]:
                place = self._filled(one["site"]["office"], one, at.date())[0]
                begin = at + timedelta(minutes=self._random.random() * 40)
                for n in range(self._random.randrange(1, 4)):
                    self._fails(one, begin + timedelta(minutes=5 * n), place)
                later = at + timedelta(minutes=61 + self._random.random() * 20)
                self._act(one, later, "sso_login_succeeded", [place])

    def _retries(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        for n in range(6):
            self._fails(person, at + timedelta(minutes=n), person["home"][0], "magic_link_login_failed")
        self._act(person, at + timedelta(minutes=8), "magic_link_login_succeeded", list(person["home"]))

    def _connects(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        server = self._id("mcpsrv")
        names = {"mcp_server_id": server, "mcp_server_name": f"Server {server}"}
        self._act(self._admins[0], at, "mcp_server_created", **names)
        for n, one in enumerate(self._random.sample(self._people, min(len(self._people), 6))):
            known = names if n % 2 else {"mcp_server_name": names["mcp_server_name"], "integration_type": "mcp"}
            self._act(one, at + timedelta(hours=n + 1), "integration_user_connected", **known)

    def _makes_key(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        self._act(person, at, "platform_api_key_created", api_key_id=self._id("apikey"))

    def _rotates_admin_key(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        key, old, admin = self._id("admin_api_key"), self._id("admin_api_key"), self._admins[1]
        self._act(admin, at, "admin_api_key_created", admin_api_key_id=key, scopes=["org:admin"])
        self._act(admin, at + timedelta(minutes=9), "admin_api_key_deleted", admin_api_key_id=old)

    def _becomes_admin(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        roles = {"previous_role": "user", "current_role": "admin"}
        facts = {"user_id": person["id"], "user_email": person["email"], **roles}
        self._act(self._admins[0], at, "claude_user_role_updated", **facts)

    def _reader_moves(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        self._reader = f"192.0.{3 + self._random.randrange(90)}.200"

    def _runs_script(self, person: dict[str, Any], at: datetime, event: dict[str, Any]) -> None:
        self._act(person, at, "claude_file_uploaded", list(person["home"]), agent="python-httpx/0.28.1")
