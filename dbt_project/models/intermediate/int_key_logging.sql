with

disagreements as (

    select * from {{ ref('int_key_disagreements') }}

),

-- A key whose organization is not known is measured by all of them.
first_activities as (

    select
        disagreements.key_name,
        min(firsts.first_activity_at) as first_activity_at
    from disagreements
    left join {{ ref('int_organization_first_activities') }} as firsts
        on coalesce(disagreements.organization_uuid, firsts.organization_uuid) = firsts.organization_uuid
    group by disagreements.key_name

),

-- Before its first activity, an organization had no logging that could be off.
final as (

    select
        disagreements.key_name,
        count(spots.blind_spot_id) > 0 as is_in_blind_spot,
        first_activities.first_activity_at
    from disagreements
    inner join first_activities on disagreements.key_name = first_activities.key_name
    left join {{ ref('blind_spots') }} as spots
        on
            coalesce(disagreements.organization_uuid, spots.organization_uuid) = spots.organization_uuid
            and disagreements.changed_before >= coalesce(spots.began_at, first_activities.first_activity_at)
            and coalesce(spots.ended_at > disagreements.changed_after, true)
            and coalesce(spots.ended_at > first_activities.first_activity_at, true)
    group by disagreements.key_name, first_activities.first_activity_at

)

select * from final
