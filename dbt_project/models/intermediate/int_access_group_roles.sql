{#- `roles` is null where a walk does not know them; the last known value stays. -#}
with

states as (

    select
        item_id as group_id,
        parent_key,
        coalesce({{ json_document('payload', 'roles') }}, {{ json_document('payload', 'role_ids') }}) as role_list,
        valid_from,
        valid_to
    from {{ ref('int_directory_item_states') }}
    where list_name = 'groups'

),

newest_walks as (

    select
        parent_key,
        max(started_at) as started_at
    from {{ ref('int_directory_walks') }}
    where list_name = 'groups'
    group by parent_key

),

known as (

    select
        states.group_id,
        states.role_list,
        coalesce(states.valid_to, newest_walks.started_at) as known_at,
        row_number() over (partition by states.group_id order by states.valid_from desc) as position_from_last
    from states
    inner join newest_walks on states.parent_key = newest_walks.parent_key
    where states.role_list is not null

),

newest as (

    select * from known
    where position_from_last = 1

),

listed as (

    {{ json_items('newest', 'role_list', ['group_id', 'known_at']) | indent(4) }}

),

-- Roles that events assigned to groups or removed from them.
held as (

    select
        periods.principal_id as group_id,
        periods.scope_id as role_id,
        max(periods.valid_from) as last_given_at,
        max(periods.valid_to) as last_taken_at,
        max(case when periods.is_current then 1 else 0 end) = 1 as is_current
    from {{ ref('membership_periods') }} as periods
    where periods.scope_type = 'rbac_role' and periods.principal_type = 'group'
    group by periods.principal_id, periods.scope_id

),

final as (

    select
        listed.group_id,
        listed.item as role_id
    from listed
    left join held on listed.group_id = held.group_id and listed.item = held.role_id
    where held.is_current is null or held.is_current or coalesce(held.last_taken_at <= listed.known_at, true)
    union
    select
        held.group_id,
        held.role_id
    from held
    left join newest on held.group_id = newest.group_id
    where held.is_current and coalesce(held.last_given_at > newest.known_at, newest.group_id is null)

)

select * from final
