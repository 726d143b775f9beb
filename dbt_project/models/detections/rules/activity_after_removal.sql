with

stays as (

    select
        *,
        lead(valid_from) over (
            partition by scope_id, principal_id order by valid_to nulls last, valid_from nulls last
        ) as next_from
    from {{ ref('membership_periods') }}
    where scope_type = 'organization' and principal_type = 'user'

),

-- Without ids, which take longest to read: they are looked up for the few that are found.
acted as (

    select
        stays.principal_id,
        stays.scope_id,
        stays.ended_by_activity_id,
        stays.end_reason,
        min(counts.last_at) as occurred_at
    from stays
    inner join {{ ref('detection_counts') }} as counts
        on
            stays.principal_id = counts.actor_id
            and stays.scope_id = counts.organization_uuid
            and stays.valid_to + {{ span(var('removal_grace_minutes'), 'minute') }} < counts.last_at
            and (stays.next_from is null or stays.next_from > counts.last_at)
    where stays.end_reason in ('removed', 'left', 'deprovisioned') and counts.actor_type = 'user_actor'
    group by stays.principal_id, stays.scope_id, stays.ended_by_activity_id, stays.end_reason

),

first_acts as (

    select
        acted.principal_id,
        acted.scope_id,
        acted.ended_by_activity_id,
        acted.end_reason,
        min(counts.last_activity_id) as activity_id,
        acted.occurred_at
    from acted
    inner join {{ ref('detection_counts') }} as counts
        on
            acted.principal_id = counts.actor_id
            and acted.scope_id = counts.organization_uuid
            and acted.occurred_at = counts.last_at
    where counts.actor_type = 'user_actor'
    group by
        acted.principal_id, acted.scope_id, acted.ended_by_activity_id, acted.end_reason, acted.occurred_at

),

final as (

    select
        ended_by_activity_id as anchor,
        'user' as subject_type,
        principal_id as subject_id,
        scope_id as organization_uuid,
        principal_id as actor_id,
        'Acted in the organization after the membership had ended (' || end_reason || ').' as sentence,
        {{ text_array(['ended_by_activity_id', 'activity_id']) }} as evidence_activity_ids,
        occurred_at
    from first_acts

)

select * from final
