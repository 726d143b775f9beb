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

-- Most who left never came back: only what the others did is read.
seen_later as (

    select distinct actors.actor_id
    from stays
    inner join {{ ref('detection_actors') }} as actors
        on
            stays.principal_id = actors.actor_id
            and stays.scope_id = actors.organization_uuid
            and stays.valid_to + {{ span(var('removal_grace_minutes'), 'minute') }} < actors.last_at
    where stays.end_reason in ('removed', 'left', 'deprovisioned')

),

counts as (

    select * from {{ ref('detection_counts') }}
    where
        actor_type = 'user_actor'
        and organization_uuid is not null
        and actor_id in (select seen_later.actor_id from seen_later)

),

acted as (

    select
        stays.principal_id,
        stays.scope_id,
        stays.ended_by_activity_id,
        stays.end_reason,
        {{ value_at_first('counts.last_activity_id', moment('counts.last_at', 'counts.last_activity_id')) }}
            as activity_id,
        min(counts.last_at) as occurred_at
    from stays
    inner join counts
        on
            stays.principal_id = counts.actor_id
            and stays.scope_id = counts.organization_uuid
            and stays.valid_to + {{ span(var('removal_grace_minutes'), 'minute') }} < counts.last_at
            and (stays.next_from is null or stays.next_from > counts.last_at)
    where stays.end_reason in ('removed', 'left', 'deprovisioned')
    group by stays.principal_id, stays.scope_id, stays.ended_by_activity_id, stays.end_reason

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
    from acted

)

select * from final
