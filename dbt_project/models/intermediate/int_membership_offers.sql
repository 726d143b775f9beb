{% set role = adapter.quote('current_role') %}

with

changes as (

    select * from {{ ref('membership_changes') }}
    where scope_type = 'organization' and scope_id is not null

),

final as (

    select
        accepted.activity_id,
        {{ value_at_last('invited.' ~ role, moment('invited.occurred_at', 'invited.activity_id')) }} as offered_role
    from changes as accepted
    inner join changes as invited
        on
            accepted.scope_id = invited.scope_id
            and lower(accepted.principal_email) = lower(invited.principal_email)
            and accepted.occurred_at >= invited.occurred_at
    where
        accepted.change_type = 'invite_accepted'
        and invited.change_type in ('invited', 'invite_resent')
        and invited.{{ role }} is not null
    group by accepted.activity_id

)

select * from final
