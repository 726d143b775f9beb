with

comparisons as (

    select * from {{ ref('int_setting_comparisons') }}
    where is_different and coalesce(observed_at > last_agreed_at, true)

),

series as (

    select
        setting_key,
        min(observed_at) as since
    from comparisons
    group by setting_key

),

differences as (

    select
        comparisons.*,
        series.since,
        comparisons.changed_at as changed_after,
        series.since as changed_before,
        walks.walk_id,
        walks.started_at,
        walks.finished_at
    from comparisons
    inner join series on comparisons.setting_key = series.setting_key
    inner join {{ ref('int_setting_walks') }} as walks
        on
            comparisons.organization_uuid = walks.organization_uuid
            and comparisons.object_type = walks.object_type
            and walks.is_newest_of_scope
    where comparisons.observed_at = comparisons.last_observed_at

),

delayed as (

    select distinct differences.setting_key
    from differences
    inner join {{ ref('int_setting_changes') }} as changes
        on
            differences.setting_key = changes.setting_key
            and changes.occurred_at > differences.started_at - {{ span(1, 'minute') }}
            and changes.occurred_at <= differences.finished_at + {{ span(1, 'minute') }}
    where
        differences.directory_value
        = case
            when changes.occurred_at > differences.started_at then changes.setting_value
            else changes.previous_value
        end

),

{{ logging_of('differences', 'setting_key') }},

final as (

    select
        'setting_differs' as difference_kind,
        'setting' as object_type,
        'organization' as scope_type,
        differences.organization_uuid as scope_id,
        differences.organization_uuid,
        differences.setting as object_id,
        differences.event_value,
        differences.directory_value,
        case
            when delayed.setting_key is not null then 'within_delay'
            when logging_times.is_in_blind_spot then 'blind_spot'
            else 'unexplained'
        end as explanation,
        differences.since,
        differences.walk_id
    from differences
    left join delayed on differences.setting_key = delayed.setting_key
    inner join logging_times on differences.setting_key = logging_times.setting_key

)

select * from final
