with

compared_members as (

    select
        case scope_type
            when 'organization' then 'member'
            when 'group' then 'group_member'
            when 'workspace' then 'workspace_member'
        end as object_kind,
        organization_uuid
    from {{ ref('int_member_comparisons') }}

),

-- A key that events ended and no list shows is not compared: neither side has it.
compared_keys as (

    select
        'key' as object_kind,
        coalesce(comparisons.organization_uuid, identities.organization_uuid) as organization_uuid
    from {{ ref('int_key_comparisons') }} as comparisons
    left join {{ ref('int_key_identities') }} as identities
        on comparisons.key_type = identities.key_type and comparisons.key_id = identities.key_id
    where
        comparisons.is_newest
        and (
            comparisons.is_listed
            or coalesce(comparisons.event_value not in ('deleted', 'revoked', 'rotated'), false)
        )

),

compared_settings as (

    select
        'setting' as object_kind,
        organization_uuid
    from {{ ref('int_setting_comparisons') }}
    where observed_at = last_observed_at and event_value is not null

),

compared_objects as (

    select * from compared_members

    union all

    select * from compared_keys

    union all

    select * from compared_settings

),

compared as (

    select
        object_kind,
        organization_uuid,
        count(*) as compared_count
    from compared_objects
    group by object_kind, organization_uuid

),

differing as (

    select
        case
            when object_type = 'setting' then 'setting'
            when object_type <> 'user' then 'key'
            when scope_type = 'organization' then 'member'
            when scope_type = 'group' then 'group_member'
            when scope_type = 'workspace' then 'workspace_member'
        end as object_kind,
        organization_uuid,
        explanation
    from {{ ref('state_differences') }}

),

differences as (

    select
        object_kind,
        organization_uuid,
        count(*) as difference_count,
        count(case when explanation = 'unexplained' then 1 end) as unexplained_count
    from differing
    group by object_kind, organization_uuid

),

final as (

    select
        {{ generate_surrogate_key(['compared.object_kind', 'compared.organization_uuid']) }} as state_agreement_id,
        compared.object_kind,
        compared.organization_uuid,
        compared.compared_count,
        compared.compared_count - coalesce(differences.difference_count, 0) as agreeing_count,
        coalesce(differences.difference_count, 0) as difference_count,
        coalesce(differences.unexplained_count, 0) as unexplained_count,
        cast(100 * (compared.compared_count - coalesce(differences.difference_count, 0)) as double)
        / compared.compared_count as agreement_percent
    from compared
    left join differences
        on
            compared.object_kind = differences.object_kind
            and compared.organization_uuid is not distinct from differences.organization_uuid

)

select * from final
