with

events as (

    select * from {{ ref('int_key_stated_events') }}
    where key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key')

),

entries as (

    {{ update_entries('events', 'updates', ['key_id', 'key_type', 'occurred_at']) | indent(4) }}

),

final as (

    select
        key_id,
        key_type,
        stated_status,
        occurred_at
    from events
    where stated_status is not null

    union

    select
        key_id,
        key_type,
        lower(current_value) as stated_status,
        occurred_at
    from entries
    where update_type in ('status', 'activation_state') and current_value is not null

)

select * from final
