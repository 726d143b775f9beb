with

periods as (

    select * from {{ ref('int_membership_periods') }}
    where fold = 'complete' and scope_type = 'organization' and principal_type = 'user'

),

-- A role change ends one period and starts the next within the same stay.
final as (

    select
        principal_id as user_id,
        scope_id as organization_uuid,
        period_role,
        first_value(valid_from) over (
            partition by membership_key, stay_number order by segment_number rows unbounded preceding
        ) as joined_at,
        valid_to,
        end_reason,
        row_number() over (
            partition by membership_key order by stay_number desc, segment_number desc
        ) as position_from_last
    from periods

)

select * from final
