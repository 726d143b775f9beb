{% set key, place = 'fold, key_type, key_id', 'event_number, step_number' %}

with

-- A status is final if an event states it; a key that was gone can be listed again. Before the first statement of a
-- status, a key has the previous status stated there, else `active`; before its creation, none.
bounded as (

    select
        steps.*,
        max(
            case when {{ is_final_status('steps.stated_status') }} and steps.event_type <> 'gone' then 1 else 0 end
        ) over (
            partition by {{ key }} order by {{ place }} rows between unbounded preceding and 1 preceding
        ) as is_final_before,
        first_value(steps.event_type) over (partition by {{ key }} order by {{ place }}) as first_event_type,
        first_value(steps.stated_previous_status) over (
            partition by {{ key }} order by case when steps.stated_status is null then 1 else 0 end, {{ place }}
        ) as first_previous_status
    from {{ ref('int_key_steps') }} as steps

),

initial as (

    select
        bounded.*,
        case
            when bounded.first_event_type <> 'created' then coalesce(bounded.first_previous_status, 'active')
        end as initial_status
    from bounded

),

final as (

    select
        fold,
        key_id,
        {{ last_known('stated_workspace_id', ['scope', 'workspace_id'], key, place) }} as workspace_id,
        key_type,
        {{ last_known('stated_name', ['name'], key, place) }} as key_name,
        initial_status,
        coalesce(
            {{ last_non_null('case when coalesce(is_final_before, 0) = 0 then stated_status end', key, place) }},
            initial_status
        ) as status,
        {{ last_known('stated_scopes', ['scopes'], key, place) }} as scopes,
        event_number,
        step_number,
        stated_status is not null as is_status_stated,
        {{ last_known('stated_expires_at', ['expires_at'], key, place) }} as expires_at
    from initial

)

select * from final
