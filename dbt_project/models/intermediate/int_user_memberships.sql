with

stays as (

    select * from {{ ref('int_user_organization_stays') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_id
            order by
                valid_to desc nulls first,
                ended_by_activity_id desc nulls first,
                valid_from desc nulls last,
                started_by_activity_id desc nulls last
        ) as position_from_last
    from stays

),

final as (

    select
        user_id,
        max(case when position_from_last = 1 then role end) as organization_role,
        max(case when position_from_last = 1 then coalesce(end_reason, 'member') end) as membership_status,
        max(case when position_from_last = 1 then joined_at end) as joined_at,
        max(case when position_from_last = 1 then valid_to end) as left_at
    from ranked
    group by user_id

)

select * from final
