"""Who held what: the periods of places and active keys, once each, and whether both sides agree on them."""

from tests.conftest import Query

PERIODS = """
select membership_period_id, scope_type, scope_id, principal_id, role, valid_from, valid_to
from marts.membership_periods
union all
select key_period_id, key_type, key_id, null, null, valid_from, valid_to from marts.key_periods
where status = 'active'
"""
GRANTS = """
select
    access_grant_id, grant_type, grant_id, if(is_key, null, holder_id), if(is_key, null, role), valid_from,
    valid_to
from marts.access_grants
"""


def test_each_period_is_a_grant_once(walked: Query):
    periods = walked(PERIODS)
    assert len(periods) > 50
    assert sorted(walked(GRANTS), key=str) == sorted(periods, key=str)


def test_a_stay_is_held_since_its_first_period(walked: Query):
    changed = walked(
        "select later.held_since, earlier.held_since from marts.access_grants as later "
        "inner join marts.access_grants as earlier on later.grant_key = earlier.grant_key "
        "and later.valid_from = earlier.valid_to where earlier.end_reason = 'role_changed'"
    )
    assert changed
    assert all(later == earlier for later, earlier in changed)


def test_what_lasts_is_proven_where_the_newest_walk_has_it_and_nothing_differs(walked: Query):
    found = walked(
        "select grants.is_proven, members.is_in_directory, differences.object_id is not null "
        "from marts.access_grants as grants inner join marts.current_members as members "
        "on grants.access_grant_id = members.membership_period_id "
        "left join marts.state_differences as differences on members.scope_type = differences.scope_type "
        "and members.scope_id = differences.scope_id and members.principal_id = differences.object_id"
    )
    for is_proven, is_in_directory, differs in found:
        assert is_proven == (None if is_in_directory is None else is_in_directory and not differs)
    assert {is_proven for is_proven, *_ in found} == {True, False, None}
    assert walked("select count(*) from marts.access_grants where not is_current and is_proven is not null") == [
        (0,)
    ]
