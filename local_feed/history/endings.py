"""Stories of deletion: a person deletes their account, an organization is deleted."""

from local_feed.history.cast import ANTHROPIC, Cast
from local_feed.history.chronicle import Chronicle
from local_feed.history.ids import opaque


def introduce(cast: Cast, start: int) -> None:
    """Add the people who are only in these stories."""
    cast.person("zoe", "Zoë Laurent", "zoe@meridian.example", since=start - 1)
    cast.person("yusuf", "Yusuf Ayd\u0131n", "yusuf@meridian.example", since=start - 1)


def record_stories(c: Chronicle) -> None:
    """Record all stories of deletion."""
    _account(c)
    _organization(c)


def _account(c: Chronicle) -> None:
    zoe, meridian = c.cast.people["zoe"], c.cast.meridian
    roles = {"previous_role": None, "current_role": "user"}
    who = {"user_id": zoe.user_id, "user_email": zoe.email(c.moment(365))}
    at = c.record(365.4, "claude_user_role_updated", c.cast.people["bruno"], meridian, **who, **roles)
    c.joins(zoe, meridian, at)
    c.goes(zoe, meridian, c.record(380.4, "account_deleted", zoe, meridian))


def _organization(c: Chronicle) -> None:
    """A trial organization with one member and one key, which end with it."""
    yusuf, trial = c.cast.people["yusuf"], c.cast.trial
    roles = {"previous_role": None, "current_role": "admin"}
    who = {"user_id": yusuf.user_id, "user_email": yusuf.email(c.moment(360))}
    c.joins(yusuf, trial, c.record(360.4, "claude_user_role_updated", ANTHROPIC, trial, **who, **roles))
    key = {"api_key_id": opaque("apikey", c.cast.seed, "trial"), "scope": {"type": "organization"}}
    principal = {"principal_type": "user", "principal_id": yusuf.user_id}
    c.record(361.4, "platform_api_key_created", yusuf, trial, **key, **principal)
    c.record(370.4, "org_deletion_requested", yusuf, trial)
    c.goes(yusuf, trial, c.record(372.4, "org_deleted_via_bulk", ANTHROPIC, trial))
