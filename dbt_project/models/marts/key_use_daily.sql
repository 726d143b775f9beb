with

final as (

    select
        {{ generate_surrogate_key(['key_uses.key_type', 'key_uses.key_id', 'use_days.use_date']) }} as key_use_daily_id,
        use_days.use_date,
        key_uses.key_type,
        key_uses.key_id,
        use_days.use_count,
        use_days.last_used_at
    from {{ ref('int_key_use_days') }} as use_days
    inner join {{ ref('int_key_uses') }} as key_uses
        on use_days.key_family = key_uses.key_family and use_days.key_group = key_uses.key_group

)

select * from final
