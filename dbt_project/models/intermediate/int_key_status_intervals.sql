with

event_intervals as (

    select * from {{ ref('int_key_event_intervals') }}

),

-- Of several events at the same time, the interval is attributed to the one that set the status.
final as (

    select
        key_id,
        key_type,
        status,
        event_number,
        case
            when status = 'expired' or status_taken_at = valid_from then status_activity_id else activity_id
        end as started_by_activity_id,
        valid_from,
        least(valid_to, expired_from) as valid_to
    from event_intervals
    where
        coalesce(valid_from < least(valid_to, expired_from), true)
        -- First seen as expired: its earlier status is unknown.
        and not (
            status = 'expired' and valid_from is null
            and expired_from is not null and coalesce(expired_from < valid_to, true)
        )

    union all

    select
        key_id,
        key_type,
        'expired' as status,
        event_number,
        case when status = 'expired' then status_activity_id end as started_by_activity_id,
        greatest(valid_from, expired_from) as valid_from,
        valid_to
    from event_intervals
    where expired_from is not null and coalesce(greatest(valid_from, expired_from) < valid_to, true)

)

select * from final
