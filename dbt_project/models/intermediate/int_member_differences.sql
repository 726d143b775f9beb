with

differences as (

    select
        comparisons.*,
        times.since,
        times.changed_after,
        times.changed_before
    from {{ ref('int_member_comparisons') }} as comparisons
    inner join {{ ref('int_member_difference_times') }} as times
        on comparisons.membership_key = times.membership_key

),

{{ logging_of('differences', 'membership_key') }},

never_logged as (

    select differences.membership_key
    from differences
    inner join logging_times on differences.membership_key = logging_times.membership_key
    left join {{ ref('membership_changes') }} as mentions
        on
            differences.scope_type = mentions.scope_type
            and differences.scope_id = mentions.scope_id
            and differences.principal_id = mentions.principal_id
    left join {{ ref('int_membership_listings') }} as initial
        on differences.membership_key = initial.membership_key and initial.is_first_of_scope
    where differences.difference_kind = 'only_in_directory'
    group by differences.membership_key, differences.joined_at, logging_times.first_activity_at
    having
        coalesce(differences.joined_at < logging_times.first_activity_at, logging_times.first_activity_at is null)
        or (differences.joined_at is null and count(mentions.activity_id) = 0 and count(initial.membership_key) > 0)

),

unstated as (

    select distinct differences.membership_key
    from differences
    inner join {{ ref('int_member_unstated_changes') }} as changes
        on
            differences.scope_type = changes.scope_type
            and differences.scope_id = changes.scope_id
            and differences.difference_kind = changes.difference_kind
            and coalesce(differences.principal_id = changes.principal_id, true)
            and coalesce(differences.changed_after <= changes.occurred_at, true)
            and differences.changed_before >= changes.occurred_at

),

final as (

    select
        differences.difference_kind,
        'user' as object_type,
        differences.scope_type,
        differences.scope_id,
        differences.organization_uuid,
        differences.principal_id as object_id,
        differences.event_role as event_value,
        differences.listed_role as directory_value,
        case
            when delays.membership_key is not null then 'within_delay'
            when logging_times.is_in_blind_spot then 'blind_spot'
            when never_logged.membership_key is not null then 'before_logging'
            when unstated.membership_key is not null then 'not_in_feed'
            else 'unexplained'
        end as explanation,
        differences.since,
        differences.walk_id
    from differences
    left join {{ ref('int_member_delays') }} as delays on differences.membership_key = delays.membership_key
    inner join logging_times on differences.membership_key = logging_times.membership_key
    left join never_logged on differences.membership_key = never_logged.membership_key
    left join unstated on differences.membership_key = unstated.membership_key

)

select * from final
