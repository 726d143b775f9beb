"""Which objects and people an activity names, beside its actor."""

from tests.conftest import Query


def of(cases: Query, activity_type: str) -> set[tuple[str, str]]:
    """The types and roles of what activities of a type name."""
    return set(
        cases("select object_type, role from marts.activity_objects where activity_type = $1", activity_type)
    )


def test_people_and_what_holds_them_are_objects_of_an_activity(cases: Query):
    assert of(cases, "primary_owner_transferred") == {("user", "target"), ("user", "previous_owner")}
    assert of(cases, "group_member_added") == {("group", "container"), ("user", "target")}
    assert of(cases, "platform_workspace_member_added") == {("user", "target"), ("workspace", "container")}
    assert of(cases, "org_user_deleted") == {("user", "target"), ("email", "target")}


def test_each_object_of_an_activity_is_one_row(cases: Query):
    assert cases(
        "select activity_id, object_type, object_id from marts.activity_objects group by all having count(*) > 1"
    ) == []  # fmt: skip
    missing = cases(
        """
        select a.activity_type from marts.activities as a
        where json_extract_string(a.payload, '$.user_id') is not null and not exists (
            from marts.activity_objects as o
            where o.activity_id = a.activity_id and o.object_type = 'user'
            and o.object_id = json_extract_string(a.payload, '$.user_id')
        )
        """
    )
    assert missing == []
