with

activities as (

    select * from {{ ref('int_configuration_activities') }}

),

fields_read as (

    select
        activities.activity_id,
        {{ mark_columns('activities') }},
        documented.setting_number as change_number,
        documented.setting,
        documented.reading,
        {{ json_field('activities.payload', 'documented.previous_field') }} as previous_value,
        coalesce(
            {{ json_field('activities.payload', 'documented.current_field') }}, documented.stated_value
        ) as current_value
    from activities
    inner join {{ ref('configuration_settings') }} as documented on activities.activity_type = documented.activity_type
    where documented.reading in ('fields', 'flag', 'switch')

),

read_from_updates as (

    select * from activities
    where is_read_from_updates

),

entries_read as (

    {{ setting_entries('read_from_updates', 'payload', 'updates', ['activity_id', mark_columns()]) | indent(4) }}

),

final as (

    select
        activity_id,
        {{ mark_columns() }},
        change_number,
        setting,
        case when reading <> 'flag' then previous_value end as previous_value,
        case when reading <> 'flag' then current_value end as current_value,
        cast(null as {{ dbt.type_string() }}) as unread_document
    from fields_read
    where
        reading = 'switch'
        or (reading = 'flag' and current_value = 'true')
        or (reading = 'fields' and previous_value is distinct from current_value)
    union all
    select
        activity_id,
        {{ mark_columns() }},
        entry_index as change_number,
        update_type as setting,
        previous_value,
        current_value,
        case when update_type is null then entry end as unread_document
    from entries_read

)

select * from final
