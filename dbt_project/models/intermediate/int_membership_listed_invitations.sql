with

items as (

    select
        items.item_id,
        items.parent_id,
        {{ json_record('items.payload', {'email': 'text', 'role': 'text', 'invited_at': 'text'}) }} as stated,
        row_number() over (
            partition by items.parent_id, items.item_id
            order by walks.started_at desc, walks.walk_seq desc, items.ingest_seq desc
        ) as position_from_last
    from {{ ref('stg_directory__items') }} as items
    inner join {{ ref('stg_directory__walks') }} as walks on items.walk_id = walks.walk_id
    where items.list_name = 'invites' and items.is_present and walks.status = 'complete'

),

-- Invitations leave the list when they are withdrawn; as last shown, they still say what was offered.
final as (

    select
        item_id as invite_id,
        parent_id as organization_uuid,
        {{ record_field('stated', 'email') }} as invited_email,
        {{ record_field('stated', 'role') }} as invited_role,
        {{ utc_timestamp(record_field('stated', 'invited_at')) }} as invited_at
    from items
    where position_from_last = 1

)

select * from final
