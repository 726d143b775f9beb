{% set models = ['int_member_differences', 'int_key_differences', 'int_setting_differences'] %}

with

differences as (

    {% for model in models %}
        select
            {{ generate_surrogate_key(['object_type', 'scope_type', 'scope_id', 'object_id']) }} as state_difference_id,
            difference_kind,
            object_type,
            scope_type,
            scope_id,
            organization_uuid,
            object_id,
            event_value,
            directory_value,
            explanation,
            since,
            walk_id
        from {{ ref(model) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from differences
