with

transitions as (

    select
        *,
        max(case when is_end then occurred_at end) over (
            partition by membership_key order by event_number rows unbounded preceding
        ) as previous_ended_at
    from {{ ref('int_membership_transitions') }}

),

-- A date before the end of the previous stay belongs to that one.
final as (

    select
        membership_key,
        stay_number,
        min(joined_at) as joined_at
    from transitions
    where is_open and joined_at is not null and coalesce(joined_at > previous_ended_at, true)
    group by membership_key, stay_number

)

select * from final
