with

walks as (

    select
        walk_id,
        parent_id,
        parent_key,
        case list_name when 'api_keys' then 'platform_api_key' else 'scoped_api_key' end as key_type,
        {{ generate_surrogate_key(['list_name', 'parent_key']) }} as scope_key,
        {{ generate_surrogate_key(['source', 'list_name', 'parent_key']) }} as series_key,
        walk_seq,
        started_at,
        finished_at
    from {{ ref('int_directory_walks') }}
    where list_name in ('api_keys', 'compliance_keys')

),

final as (

    select
        walk_id,
        series_key,
        key_type,
        parent_key,
        parent_id as organization_uuid,
        row_number() over (partition by series_key order by started_at, walk_seq, walk_id) as walk_number,
        row_number() over (
            partition by scope_key order by started_at desc, walk_seq desc, walk_id desc
        ) = 1 as is_newest,
        started_at,
        finished_at
    from walks

)

select * from final
