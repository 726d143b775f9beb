with

acceptances as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'org_user_invite_accepted' and object_id is not null and login_email is not null

),

invitations as (

    select distinct
        object_id,
        organization_uuid,
        lower({{ json_text('payload', 'email') }}) as invited_email
    from {{ ref('directory_objects') }}
    where object_type = 'invite' and {{ json_text('payload', 'email') }} is not null

),

final as (

    select
        acceptances.activity_id as anchor,
        'user' as subject_type,
        acceptances.actor_id as subject_id,
        acceptances.organization_uuid,
        acceptances.actor_id,
        'An invitation was accepted with another email address than it was sent to.' as sentence,
        {{ text_array(['acceptances.activity_id']) }} as evidence_activity_ids,
        acceptances.occurred_at
    from acceptances
    inner join invitations on acceptances.object_id = invitations.object_id
    group by
        acceptances.activity_id, acceptances.actor_id, acceptances.organization_uuid, acceptances.occurred_at,
        acceptances.login_email
    having max(case when invitations.invited_email = acceptances.login_email then 1 else 0 end) = 0

)

select * from final
