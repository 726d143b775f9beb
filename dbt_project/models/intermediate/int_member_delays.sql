with

differences as (

    select * from {{ ref('int_member_comparisons') }}
    where difference_kind is not null

),

periods as (

    select * from {{ ref('int_membership_periods') }}
    where fold = 'events'

),

stays as (

    select
        membership_key,
        stay_number,
        case when count(valid_from) = count(*) then min(valid_from) end as began_at,
        case when count(valid_to) = count(*) then max(valid_to) end as ended_at
    from periods
    group by membership_key, stay_number

),

-- Events within a minute of the walk made the user the member that the directory shows, or made an end of it.
final as (

    select differences.membership_key
    from differences
    inner join periods on 'events:' || differences.membership_key = periods.membership_key
    where
        differences.is_listed
        and coalesce(periods.period_role = differences.listed_role, true)
        and coalesce(periods.valid_from <= differences.finished_at + {{ span(1, 'minute') }}, true)
        and coalesce(periods.valid_to >= differences.started_at - {{ span(1, 'minute') }}, true)

    union

    select differences.membership_key
    from differences
    inner join stays
        on
            'events:' || differences.membership_key = stays.membership_key
            and differences.stay_number = stays.stay_number
    where
        not differences.is_listed
        and (
            stays.ended_at <= differences.finished_at + {{ span(1, 'minute') }}
            or stays.began_at >= differences.started_at - {{ span(1, 'minute') }}
        )

)

select * from final
