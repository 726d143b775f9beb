{% set fields = {
    'email': 'text', 'full_name': 'text', 'name': 'text', 'organization_role': 'text', 'role': 'text',
    'workspace_role': 'text', 'added_at': 'text', 'created_at': 'text',
} %}

with

items as (

    select
        walks.list_key,
        walks.list_name,
        walks.scope_type,
        walks.scope_id,
        items.item_id as principal_id,
        items.walk_id,
        items.is_present,
        walks.is_first_of_scope,
        walks.started_at as observed_at,
        walks.finished_at,
        {{ json_record('items.payload', fields) }} as stated,
        row_number() over (
            partition by walks.list_key, items.item_id, walks.started_at order by items.ingest_seq desc
        ) as position_from_last
    from {{ ref('stg_directory__items') }} as items
    inner join {{ ref('int_membership_walks') }} as walks
        on items.walk_id = walks.walk_id and items.list_name = walks.list_name

),

-- `created_at` of `users` is that of the account, not of the membership.
final as (

    select
        list_key,
        scope_type,
        scope_id,
        principal_id,
        walk_id,
        {{ record_field('stated', 'email') }} as email,
        coalesce({{ record_field('stated', 'full_name') }}, {{ record_field('stated', 'name') }}) as full_name,
        case list_name
            when 'users' then {{ record_field('stated', 'organization_role') }}
            when 'members' then {{ record_field('stated', 'role') }}
            when 'workspace_members' then {{ record_field('stated', 'workspace_role') }}
        end as listed_role,
        is_present,
        is_first_of_scope,
        case list_name
            when 'members' then {{ utc_timestamp(record_field('stated', 'added_at')) }}
            when 'group_members' then {{ utc_timestamp(record_field('stated', 'created_at')) }}
        end as joined_at,
        observed_at,
        finished_at
    from items
    where position_from_last = 1

)

select * from final
