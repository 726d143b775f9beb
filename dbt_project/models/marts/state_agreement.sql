with

compared as (

    select
        case scope_type
            when 'organization' then 'member'
            when 'group' then 'group_member'
            when 'workspace' then 'workspace_member'
        end as object_kind,
        organization_uuid,
        count(*) as compared_count
    from {{ ref('int_member_comparisons') }}
    group by scope_type, organization_uuid

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
        compared.object_kind,
        compared.organization_uuid,
        compared.compared_count,
        compared.compared_count - coalesce(differences.difference_count, 0) as agreeing_count,
        coalesce(differences.difference_count, 0) as difference_count,
        coalesce(differences.unexplained_count, 0) as unexplained_count,
        cast(
            100.0 * (compared.compared_count - coalesce(differences.difference_count, 0)) / compared.compared_count
            as double
        ) as agreement_percent
    from compared
    left join differences
        on
            compared.object_kind = differences.object_kind
            and compared.organization_uuid is not distinct from differences.organization_uuid

)

select * from final
