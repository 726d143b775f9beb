{{ config(materialized='view') }}

with

changes as (

    select
        *,
        lower(principal_email) as email,
        {{ adapter.quote('current_role') }} as new_role
    from {{ ref('membership_changes') }}
    where scope_type = 'organization'

),

-- The feed reports an accepted invitation twice: the acceptance, and the role that the new member receives.
accepted as (

    select
        joins.activity_id,
        joins.principal_id,
        joins.organization_uuid,
        joins.occurred_at,
        max(coalesce(joins.email, acceptances.email)) as email
    from changes as joins
    inner join changes as acceptances
        on
            joins.principal_id = acceptances.principal_id
            and joins.organization_uuid = acceptances.organization_uuid
            and joins.occurred_at >= acceptances.occurred_at - {{ span(5, 'minute') }}
            and joins.occurred_at <= acceptances.occurred_at + {{ span(5, 'minute') }}
    where joins.change_type = 'added' and acceptances.change_type = 'invite_accepted'
    group by joins.activity_id, joins.principal_id, joins.organization_uuid, joins.occurred_at

),

final as (

    select
        accepted.activity_id,
        accepted.principal_id,
        {{ value_at_last('invitations.new_role', moment('invitations.occurred_at', 'invitations.activity_id')) }}
            as offered_role
    from accepted
    left join changes as invitations
        on
            accepted.email = invitations.email
            and accepted.organization_uuid = invitations.organization_uuid
            and accepted.occurred_at >= invitations.occurred_at
            and invitations.change_type in ('invited', 'invite_resent')
            and invitations.new_role is not null
    group by accepted.activity_id, accepted.principal_id

)

select * from final
