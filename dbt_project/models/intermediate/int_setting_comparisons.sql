with

-- Only what the feed and the directory call by one name can be compared.
observations as (

    select * from {{ ref('int_setting_observations') }}
    where object_type = 'organization_setting'

),

paired as (

    select
        observations.setting_key,
        observations.organization_uuid,
        observations.object_type,
        observations.setting,
        observations.setting_value as directory_value,
        observations.observed_at,
        changes.setting_value as event_value,
        changes.occurred_at as changed_at,
        coalesce(observations.setting_value <> changes.setting_value, false) as is_different,
        row_number() over (
            partition by observations.setting_key, observations.observed_at
            order by changes.occurred_at desc, changes.activity_id desc, changes.change_number desc
        ) as position_from_last
    from observations
    left join {{ ref('int_setting_changes') }} as changes
        on observations.setting_key = changes.setting_key and observations.observed_at >= changes.occurred_at

),

final as (

    select
        setting_key,
        organization_uuid,
        object_type,
        setting,
        event_value,
        directory_value,
        is_different,
        changed_at,
        observed_at,
        max(observed_at) over (partition by setting_key) as last_observed_at,
        max(case when not is_different then observed_at end) over (partition by setting_key) as last_agreed_at
    from paired
    where position_from_last = 1

)

select * from final
