with

stays as (

    select * from {{ ref('int_user_organization_stays') }}
    where position_from_last = 1

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_id
            order by valid_to desc nulls first, joined_at desc nulls last, organization_uuid asc
        ) as organization_position
    from stays

),

final as (

    select
        user_id,
        period_role as organization_role,
        case
            when valid_to is null then 'member'
            when end_reason in ('left', 'deprovisioned') then end_reason
            else 'removed'
        end as membership_status,
        joined_at,
        valid_to as left_at
    from ranked
    where organization_position = 1

)

select * from final
