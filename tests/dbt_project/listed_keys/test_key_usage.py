"""What the usage report says about a key."""

from tests.conftest import Query


def test_the_newest_reading_of_a_day_replaces_it(listed_keys: Query):
    rows = listed_keys(
        "select usage_date::varchar, key_id, output_token_count, token_count from marts.key_usage_daily "
        "order by usage_date, key_id nulls last"
    )
    assert rows == [
        ("2026-01-20", "apikey_B", 5, 5),
        ("2026-02-06", "apikey_B", 70, 70),
        ("2026-02-06", None, 1, 1),
        ("2026-02-28", "apikey_old", 3, 3),
    ]


def test_a_key_has_its_last_day_of_inference_and_its_recent_tokens(listed_keys: Query):
    rows = listed_keys(
        "select key_id, last_inference_date::varchar, inference_token_count_last_30_days from marts.key_lifecycle "
        "where key_id in ('apikey_B', 'apikey_old', 'apikey_off', 'apikey_final') order by key_id"
    )
    # Until 28 February. A platform key without a row has used nothing; the report says nothing of compliance keys.
    assert rows == [
        ("apikey_B", "2026-02-06", 70),
        ("apikey_final", None, None),
        ("apikey_off", None, 0),
        ("apikey_old", "2026-02-28", 3),
    ]
