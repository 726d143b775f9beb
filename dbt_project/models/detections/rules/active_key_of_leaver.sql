with

keys as (

    select * from {{ ref('key_lifecycle') }}
    where is_active and is_creator_offboarded

),

-- The end in the key's organization, or in any where the key names none.
leavings as (

    select
        keys.key_type,
        keys.key_id,
        {{ value_at_last('stays.ended_by_activity_id', moment('stays.valid_to', 'stays.ended_by_activity_id')) }}
            as activity_id,
        max(stays.valid_to) as left_at
    from keys
    inner join {{ ref('membership_periods') }} as stays
        on
            keys.created_by_actor_id = stays.principal_id
            and (keys.organization_uuid is null or keys.organization_uuid = stays.scope_id)
    where stays.scope_type = 'organization' and stays.principal_type = 'user' and stays.valid_to is not null
    group by keys.key_type, keys.key_id

),

final as (

    select
        coalesce(leavings.activity_id, cast(leavings.left_at as {{ dbt.type_string() }})) as anchor,
        keys.key_type as subject_type,
        keys.key_id as subject_id,
        keys.organization_uuid,
        keys.created_by_actor_id as actor_id,
        'The key is active although the person who created it has left.' as sentence,
        case
            when leavings.activity_id is null then {{ text_array([]) }}
            else {{ text_array(['leavings.activity_id']) }}
        end as evidence_activity_ids,
        leavings.left_at as occurred_at
    from keys
    inner join leavings on keys.key_type = leavings.key_type and keys.key_id = leavings.key_id

)

select * from final
