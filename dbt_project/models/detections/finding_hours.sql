{{ config(materialized='ephemeral') }}

{% set text = dbt.type_string() %}

with

-- Hours of a rule take precedence over those of an organization.
stated as (

    select
        detected.finding_id,
        detected.occurred_at,
        changes.setting,
        changes.setting_value,
        case when changes.rule_id is null then 0 else 2 end
        + case when changes.organization_uuid is null then 0 else 1 end as weight
    from {{ ref('detected_findings') }} as detected
    inner join {{ ref('stg_detections__settings') }} as changes
        on
            detected.rule_id = coalesce(changes.rule_id, detected.rule_id)
            and (changes.organization_uuid is null or detected.organization_uuid = changes.organization_uuid)
    where changes.setting in ('working_hours', 'time_zone')

),

chosen as (

    select
        finding_id,
        occurred_at,
        max(case when setting = 'working_hours' then cast(weight as {{ text }}) || setting_value end) as working_hours,
        max(case when setting = 'time_zone' then cast(weight as {{ text }}) || setting_value end) as time_zone
    from stated
    group by finding_id, occurred_at

),

placed as (

    select
        finding_id,
        split_part(substr(working_hours, 2), ' ', 1) as weekdays,
        split_part(substr(working_hours, 2), ' ', 2) as day_hours,
        {{ local_time('occurred_at', "coalesce(substr(time_zone, 2), 'UTC')") }} as local_at
    from chosen
    where working_hours is not null

),

final as (

    select
        finding_id,
        {{ weekday_number('local_at') }} < cast(split_part(weekdays, '-', 1) as integer)
        or {{ weekday_number('local_at') }} > cast(split_part(weekdays, '-', 2) as integer)
        or extract(hour from local_at) < cast(split_part(day_hours, '-', 1) as integer)
        or extract(hour from local_at) >= cast(split_part(day_hours, '-', 2) as integer)
            as is_outside_working_hours
    from placed

)

select * from final
