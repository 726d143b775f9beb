"""Answers one request of the directory: keys, budgets, pages, faults, and the activity that reports the read."""

import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from local_feed.archive import Record, read_record
from local_feed.directory import fault_effects as page_effects
from local_feed.directory.endpoints import Endpoint
from local_feed.directory.paging import Listing, usage_page
from local_feed.directory.parameters import read_parameters
from local_feed.directory.state import Directory
from local_feed.instants import to_text
from local_feed.serving import fault_effects
from local_feed.serving.access import AUDIT, Key, authenticate, refuse_scope
from local_feed.serving.arrivals import own_read
from local_feed.serving.errors import Refusal
from local_feed.serving.faults import Fault
from local_feed.serving.feed import Answer, Feed, FeedRequest
from local_feed.serving.quota import Quota

API_VERSIONS = ("2023-06-01", "2026-10-21")
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Read:
    """A request for one path of the directory. `path_ids`: the ids in the path; `now`: epoch seconds."""

    request: FeedRequest
    endpoint: Endpoint
    path_ids: dict[str, str]
    now: float


@dataclass
class DirectoryServer:
    """The directory beside a feed: they share keys, faults and the budget of the Compliance API.

    `admin_quota`: the budget of the Admin API.
    """

    feed: Feed
    directory: Directory
    admin_quota: Quota = field(default_factory=Quota)

    def answer(self, request: FeedRequest, endpoint: Endpoint, path_ids: dict[str, str]) -> Answer:
        """Answer one request, record it, and report it in the feed."""
        feed = self.feed
        read = Read(request, endpoint, path_ids, feed.clock())
        request_id = feed.next_request_id()
        fault = feed.faults.take(request.query, request.path)
        key: Key | None = None
        quota = self._quota(endpoint)
        feed.arrivals.settle(round(read.now * 1e6))
        try:
            key = authenticate(request.headers.get("x-api-key"), feed.keys)
            answer = self._authenticated(read, key, fault)
        except Refusal as refusal:
            answer = Answer(refusal.status, dict(_JSON), refusal.body())
            if refusal.status == 429:
                answer.headers["retry-after"] = str(quota.retry_after(read.now))
        # No public page says that answers of the Admin API have rate limit headers.
        if key is not None and endpoint.is_compliance and (fault is None or fault.kind != "html"):
            answer.headers |= quota.headers(read.now)
        report = self._report(read, key, request_id, answer.status) if key is not None else None
        feed.finish(request, answer, fault, report, request_id, read.now)
        return answer

    def _quota(self, endpoint: Endpoint) -> Quota:
        return self.feed.quota if endpoint.is_compliance else self.admin_quota

    def _authenticated(self, read: Read, key: Key, fault: Fault | None) -> Answer:
        request, endpoint = read.request, read.endpoint
        if fault is not None and (replacement := fault_effects.replacement(fault)) is not None:
            return Answer(*replacement)
        # A request without the scope costs one unit as well.
        if not self._quota(endpoint).spend(read.now):
            raise Refusal(429, "this request would exceed the organization's rate limit; wait and try again")
        _authorize(key, endpoint)
        if request.headers.get("anthropic-version") not in API_VERSIONS:
            raise Refusal(400, f"anthropic-version: header is required and must be {' or '.join(API_VERSIONS)}")
        try:
            pairs = parse_qsl(request.query, keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise Refusal(400, "the query string is not valid UTF-8") from error
        parameters = read_parameters(endpoint, pairs)
        listing = Listing(self.directory, endpoint, self._parent(read, key), parameters, key.organization)
        body = self._body(listing, fault, read.now)
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return Answer(200, dict(_JSON), fault_effects.spoil_text(fault, text) if fault is not None else text)

    def _body(self, listing: Listing, fault: Fault | None, now: float) -> dict[str, object]:
        directory, parent = self.directory, str(listing.parent)
        match listing.endpoint.paging:
            case "me":
                item = directory.get("organizations", parent) or {}
                return {"id": parent, "name": item.get("name", ""), "type": "organization"}
            case "state":
                state = "disabled" if parent in directory.disabled_organizations else "enabled"
                return {"type": "compliance_settings", "state": {"type": state}}
            case "settings":
                return {
                    "organization_id": parent,
                    "type": "effective_organization_settings",
                    "settings": directory.items("settings", parent),
                    "api_keys": directory.items("compliance_keys"),
                }
        page = usage_page(listing, now) if listing.endpoint.paging == "usage" else listing.page()
        if fault is not None:
            page = page_effects.spoil_page(fault, page)
        envelope = page.envelope(listing)
        if fault is not None:
            sent = next(iter(listing.parameters.cursors.values()), None)
            fault_effects.spoil_envelope(fault, sent, envelope)
        return envelope

    def _parent(self, read: Read, key: Key) -> str | None:
        """The parent of the list.

        Raises:
            Refusal: 404, it is not in the directory, or the key does not see it.
        """
        endpoint = read.endpoint
        if endpoint.parent is None:
            return None
        organization = self._organization(read, key)
        if endpoint.parent_list is None:
            return organization
        parent = read.path_ids[endpoint.parent]
        owner = None if endpoint.parent_list == "groups" else organization
        if self.directory.get(endpoint.parent_list, parent, owner) is None:
            raise Refusal(404, f"{endpoint.parent}: not found")
        return parent

    def _organization(self, read: Read, key: Key) -> str | None:
        if not read.endpoint.is_compliance:
            if key.organization is not None:
                uuids = {name: uuid for uuid, name in self.feed.organization_ids.items()}
                return uuids.get(key.organization, key.organization)
            # A key of the whole parent reads the Admin API of the oldest organization.
            oldest = self.directory.items("organizations")[:1]
            return str(oldest[0]["uuid"]) if oldest else None
        uuid = read.path_ids.get("org_uuid")
        if uuid is None:
            return None
        if key.organization not in (None, uuid) or self.directory.get("organizations", uuid) is None:
            raise Refusal(404, "organization: not found")
        return uuid

    def _report(self, read: Read, key: Key, request_id: str, status: int) -> Record | None:
        """The activity that reports the read; None if no type is known for it."""
        request, at = read.request, round(read.now * 1e6)
        user_agent = request.headers.get("user-agent")
        if read.endpoint.is_compliance:
            return own_read(
                now=at,
                key=key,
                request_id=request_id,
                status=status,
                url=request.url,
                user_agent=user_agent,
                ip_address=request.ip_address,
            )
        if read.endpoint.view is None or status != 200:
            return None
        organization = self._organization(read, key)
        actor = {"type": "api_actor", "api_key_id": key.acts_as}
        if key.made_as is not None:
            actor = {"type": "admin_api_key_actor", "admin_api_key_id": key.made_as}
        digest = hashlib.sha256(f"own read {request_id}".encode()).hexdigest()
        activity = {
            "id": f"activity_01{digest[:22]}",
            "created_at": to_text(at),
            "organization_id": self.feed.organization_ids.get(str(organization)),
            "organization_uuid": organization,
            "actor": {**actor, "ip_address": request.ip_address, "user_agent": user_agent},
            "type": read.endpoint.view,
            **read.path_ids,
        }
        return read_record(json.dumps(activity, ensure_ascii=False, separators=(",", ":")).encode())


def _authorize(key: Key, endpoint: Endpoint) -> None:
    """Check that the kind of key and its scopes allow the read.

    Raises:
        Refusal: 403.
    """
    if key.is_admin:
        if not endpoint.admin:
            raise Refusal(403, "An Admin API key cannot read this endpoint; use a Compliance Access Key.")
        return
    if endpoint.scope is None:
        raise Refusal(403, "A Compliance Access Key cannot read this endpoint; use an Admin API key.")
    if AUDIT not in key.scopes and endpoint.scope not in key.scopes:
        refuse_scope(key, endpoint.scope)
