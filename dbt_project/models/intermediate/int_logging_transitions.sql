with

changed as (

    select
        activity_id,
        organization_uuid,
        actor_type,
        actor_id,
        actor_email,
        payload,
        occurred_at
    from {{ ref('int_configuration_activities') }}
    where activity_type = 'org_compliance_api_settings_updated'

),

stated as (

    {% for switch in ['compliance_api_enabled', 'compliance_api_logging_enabled'] -%}
        select
            activity_id,
            organization_uuid,
            actor_type,
            actor_id,
            actor_email,
            occurred_at,
            '{{ switch }}' as switch,
            {{ json_text('payload', switch) }} as switch_state
        from changed
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

ordered as (

    select
        *,
        lag(switch_state) over (
            partition by organization_uuid, switch order by occurred_at, activity_id
        ) as previous_state
    from stated
    where switch_state in ('true', 'false')

),

final as (

    select
        activity_id,
        organization_uuid,
        switch,
        actor_type,
        actor_id,
        actor_email,
        switch_state = 'true' as is_on,
        occurred_at
    from ordered
    where previous_state is null or switch_state <> previous_state

)

select * from final
