with

keys as (

    select * from {{ ref('key_lifecycle') }}
    where is_active and is_creator_offboarded

),

newest as (

    select max(occurred_at) as newest_at from {{ ref('activities') }}

),

leavings as (

    select
        principal_id,
        {{ value_at_last('ended_by_activity_id', 'valid_to') }} as activity_id,
        max(valid_to) as left_at
    from {{ ref('membership_periods') }}
    where scope_type = 'organization' and principal_type = 'user'
    group by principal_id

),

final as (

    select
        leavings.activity_id as anchor,
        keys.key_type as subject_type,
        keys.key_id as subject_id,
        keys.organization_uuid,
        keys.created_by_actor_id as actor_id,
        'The key is active although the person who made it has left.' as sentence,
        {{ text_array(['leavings.activity_id']) }} as evidence_activity_ids,
        leavings.left_at as occurred_at
    from keys
    inner join leavings on keys.created_by_actor_id = leavings.principal_id
    cross join newest
    where keys.expires_at is null or keys.expires_at > newest.newest_at

)

select * from final
