with

final as (

    select
        {{ generate_surrogate_key(['key_uses.key_type', 'key_uses.key_id', 'days.use_date']) }} as key_use_daily_id,
        days.use_date,
        key_uses.key_type,
        key_uses.key_id,
        days.use_count,
        days.last_used_at
    from {{ ref('int_key_use_days') }} as days
    inner join {{ ref('int_key_uses') }} as key_uses
        on days.key_family = key_uses.key_family and days.key_group = key_uses.key_group

)

select * from final
