"""Where events alone and the newest walk of the list disagree on a key, why, and since when."""

import pytest

from tests.conftest import Query

SINCE_FIRST, SINCE_SECOND, SINCE_THIRD = "02-05 10:00", "02-10 10:00", "02-15 10:00"


@pytest.mark.parametrize(
    ("key_id", "expected"),
    [
        ("apikey_Nagree", None),
        ("apikey_Nold", ("only_in_directory", None, "active", "before_logging", SINCE_FIRST)),
        ("apikey_Nnew", ("only_in_directory", None, "active", "unexplained", SINCE_FIRST)),
        ("apikey_Nundated", ("only_in_directory", None, "active", "before_logging", SINCE_FIRST)),
        ("apikey_Noff", ("status_differs", "active", "inactive", "unexplained", SINCE_THIRD)),
        ("apikey_Nevent", ("only_in_events", "active", None, "unexplained", SINCE_FIRST)),
        ("apikey_Nlate", ("only_in_directory", None, "active", "within_delay", SINCE_THIRD)),
        ("apikey_Ngap", ("only_in_directory", None, "active", "blind_spot", SINCE_SECOND)),
        ("apikey_Nover", ("status_differs", "active", "expired", "not_in_feed", SINCE_THIRD)),
        # Differed once and agrees again.
        ("apikey_Nagain", None),
        # A key that an event deleted is still listed as active.
        ("apikey_final", ("status_differs", "deleted", "active", "unexplained", SINCE_FIRST)),
        ("apikey_left", None),
        ("apikey_unlisted", ("only_in_events", "active", None, "unexplained", SINCE_FIRST)),
        # Of two parents, a key is held against the list of its own.
        ("apikey_other", None),
        ("apikey_hidden", ("only_in_events", "active", None, "unexplained", "02-05 11:00")),
        ("apikey_J", ("status_differs", "active", "expired", "not_in_feed", SINCE_SECOND)),
        ("apikey_H1", ("only_in_directory", None, "archived", "within_delay", SINCE_FIRST)),
        ("apikey_B", ("status_differs", "inactive", "active", "unexplained", SINCE_FIRST)),
        # Only a name was stated; the list says that it was off before.
        ("apikey_I2", ("status_differs", "active", "inactive", "before_logging", SINCE_FIRST)),
    ],
)
def test_each_disagreement_is_one_row_with_its_explanation(
    listed_keys: Query, key_id: str, expected: tuple[str | None, ...] | None
):
    rows = listed_keys(
        """
        select difference_kind, event_value, directory_value, explanation, strftime(since, '%m-%d %H:%M')
        from intermediate.int_key_differences where object_id = $1
        """,
        key_id,
    )
    assert rows == ([expected] if expected else [])


def test_the_scope_is_the_organization_where_one_is_known(listed_keys: Query):
    rows = listed_keys(
        "select object_id, object_type, scope_type, scope_id, organization_uuid "
        "from intermediate.int_key_differences "
        "where object_id in ('apikey_same', 'apikey_final', 'apikey_Nnew') order by object_id"
    )
    assert rows == [
        ("apikey_Nnew", "platform_api_key", "organization", "N", "N"),
        ("apikey_final", "scoped_api_key", "organization", "D", "D"),
        ("apikey_same", "scoped_api_key", "organization", None, None),
    ]
