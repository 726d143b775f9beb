{%- set order = 'partition by setting_key order by stated_at, is_observation, activity_id, change_number' -%}
{%- set setting = ['setting_key', 'organization_uuid', 'object_type', 'setting'] -%}
{%- set of_events = [
    'workspace_id', 'object_id', 'previous_value', 'activity_id', 'change_number', 'actor_id', 'actor_email',
] %}

with

changes as (

    select * from {{ ref('int_setting_changes') }}

),

observations as (

    select * from {{ ref('int_setting_observations') }}
    where is_present

),

-- Where an event within a minute after a walk states the same value, the event's time counts.
explained as (

    select distinct
        observations.setting_key,
        observations.observed_at
    from observations
    inner join changes
        on
            observations.setting_key = changes.setting_key
            and observations.setting_value is not distinct from changes.setting_value
            and observations.observed_at < changes.occurred_at
            and observations.finished_at + {{ span(1, 'minute') }} >= changes.occurred_at

),

stated as (

    select
        {{ (setting + of_events) | join(',
        ') }},
        setting_value,
        occurred_at as stated_at,
        0 as is_observation,
        false as is_first_of_scope
    from changes

    union all

    select
        {% for column in setting -%}
            observations.{{ column }},
        {% endfor -%}
        {% for column in of_events -%}
            null as {{ column }},
        {% endfor -%}
        observations.setting_value,
        observations.observed_at as stated_at,
        1 as is_observation,
        observations.is_first_of_scope
    from observations
    left join explained
        on
            observations.setting_key = explained.setting_key
            and observations.observed_at = explained.observed_at
    where explained.setting_key is null

),

final as (

    select
        *,
        lag(setting_value) over ({{ order }}) as value_before,
        row_number() over ({{ order }}) as statement_number
    from stated

)

select * from final
