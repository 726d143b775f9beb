{% set key = 'partition by key_type, key_id order by valid_from nulls first' %}

with

compared as (

    select
        intervals.*,
        lag(intervals.status) over ({{ key }}) as previous_status
    from {{ ref('int_key_status_intervals') }} as intervals

),

-- Adjacent intervals with the same status form one period.
numbered as (

    select
        compared.*,
        sum(case when compared.status is distinct from compared.previous_status then 1 else 0 end) over (
            {{ key }} rows between unbounded preceding and current row
        ) as period_number
    from compared

),

merged as (

    select
        key_id,
        key_type,
        status,
        period_number,
        -- What begins with a walk or a stated creation no later event began. A key expires before an event reports it.
        case
            when status = 'expired'
                then {{ value_at_first('started_by_activity_id', 'event_number') }}
                    filter (where started_by_activity_id is not null)
            else {{ value_at_first('started_by_activity_id', 'event_number') }}
        end as first_activity_id,
        case when count(*) = count(valid_from) then min(valid_from) end as valid_from,
        case when count(*) = count(valid_to) then max(valid_to) end as valid_to
    from numbered
    group by key_id, key_type, status, period_number

),

seen as (

    select
        merged.*,
        case when merged.valid_from is not null then merged.first_activity_id end as started_by_activity_id
    from merged

),

final as (

    select
        {{ generate_surrogate_key(['key_type', 'key_id', 'valid_from']) }} as key_period_id,
        key_type,
        key_id,
        status,
        valid_from,
        valid_to,
        valid_to is null as is_current,
        started_by_activity_id,
        lead(started_by_activity_id) over (
            partition by key_type, key_id order by period_number
        ) as ended_by_activity_id
    from seen

)

select * from final
