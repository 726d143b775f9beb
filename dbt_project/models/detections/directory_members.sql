{{ config(materialized='view') }}

with

walks as (

    select * from {{ ref('stg_directory__walks') }}
    where status = 'complete' and list_name in ('members', 'users') and parent_id is not null

),

organizations as (

    select
        parent_id as organization_uuid,
        max(started_at) as walked_at
    from walks
    group by parent_id

),

listings as (

    select
        walks.parent_id as organization_uuid,
        items.item_id as user_id,
        items.is_present,
        row_number() over (
            partition by walks.source, walks.list_name, walks.parent_id, items.item_id
            order by walks.started_at desc, walks.walk_seq desc, walks.walk_id desc
        ) as position_from_last
    from {{ ref('stg_directory__items') }} as items
    inner join walks on items.walk_id = walks.walk_id

),

-- An organization without members keeps its row.
final as (

    select
        organizations.organization_uuid,
        organizations.walked_at,
        listings.user_id
    from organizations
    left join listings
        on
            organizations.organization_uuid = listings.organization_uuid
            and listings.position_from_last = 1
            and listings.is_present
    group by organizations.organization_uuid, organizations.walked_at, listings.user_id

)

select * from final
