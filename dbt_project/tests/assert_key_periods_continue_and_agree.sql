-- A key's periods have no gaps or overlaps, adjacent ones differ in status, and the last agrees with `key_lifecycle`,
-- except that an active key may have expired by itself.
{{ config(meta={'dagster': {'ref': {'name': 'key_periods'}}}) }}

with

periods as (

    select
        key_id,
        key_type,
        status,
        is_current,
        valid_from,
        lag(status) over (partition by key_type, key_id order by valid_from nulls first) as status_before,
        lag(valid_to) over (partition by key_type, key_id order by valid_from nulls first) as valid_to_before
    from {{ ref('key_periods') }}

),

key_lifecycle as (

    select * from {{ ref('key_lifecycle') }}

),

final as (

    select
        coalesce(key_lifecycle.key_id, periods.key_id) as key_id,
        key_lifecycle.status,
        periods.status as period_status
    from key_lifecycle
    full join periods
        on
            key_lifecycle.key_type = periods.key_type
            and key_lifecycle.key_id = periods.key_id
            and periods.is_current
    where
        (key_lifecycle.key_id is null and periods.is_current)
        or periods.key_id is null
        or (periods.is_current and key_lifecycle.is_active <> (periods.status = 'active'))
        or (periods.is_current and key_lifecycle.status <> periods.status and key_lifecycle.status <> 'active')
        or (periods.status_before is not null and periods.valid_from is distinct from periods.valid_to_before)
        or periods.status_before = periods.status

)

select * from final
