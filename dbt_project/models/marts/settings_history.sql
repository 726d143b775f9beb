{% set setting = 'setting_key, organization_uuid, workspace_id, object_type, object_id, setting' %}
{% set start = 'partition by setting_key order by statement_number' %}

with

statements as (

    select * from {{ ref('int_setting_values') }}

),

-- A first event that states the same value before and after began nothing.
seen as (

    select
        *,
        statement_number > 1 or not coalesce(is_first_of_scope or previous_value = setting_value, false)
            as is_start_seen
    from statements

),

-- A value that an event leaves out is not known to be the one before. A walk states each value that it finds.
starts as (

    select
        {{ setting }},
        setting_value,
        case when is_start_seen then activity_id end as activity_id,
        case when is_start_seen then actor_id end as actor_id,
        case when is_start_seen then actor_email end as actor_email,
        case when is_observation = 1 then 'directory' when is_start_seen then 'event' end as start_reason,
        statement_number,
        case when is_start_seen then stated_at end as valid_from
    from seen
    where
        statement_number = 1
        or setting_value is distinct from value_before
        or (setting_value is null and is_observation = 0)

    union all

    select
        {{ setting }},
        previous_value as setting_value,
        null as activity_id,
        null as actor_id,
        null as actor_email,
        null as start_reason,
        0 as statement_number,
        null as valid_from
    from statements
    where statement_number = 1 and previous_value is not null and previous_value is distinct from setting_value

),

ordered as (

    select
        *,
        lead(valid_from) over ({{ start }}) as next_valid_from,
        lead(activity_id) over ({{ start }}) as next_activity_id,
        lead(start_reason) over ({{ start }}) as next_start_reason
    from starts

),

final as (

    select
        {{ generate_surrogate_key(['setting_key', 'valid_from']) }} as setting_period_id,
        organization_uuid,
        workspace_id,
        object_type,
        object_id,
        setting,
        setting_value as {{ adapter.quote('value') }},
        valid_from,
        next_valid_from as valid_to,
        next_valid_from is null as is_current,
        activity_id as started_by_activity_id,
        actor_id as started_by_actor_id,
        actor_email as started_by_email,
        next_activity_id as ended_by_activity_id,
        start_reason,
        next_start_reason as end_reason
    from ordered
    where valid_from is null or next_valid_from is null or valid_from < next_valid_from

)

select * from final
