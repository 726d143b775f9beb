with

walks as (

    select * from {{ ref('stg_directory__walks') }}
    where status = 'complete'

),

final as (

    select
        walks.walk_id,
        walks.source,
        walks.list_name,
        walks.parent_id,
        coalesce(walks.parent_id, parents.parent_key, walks.source) as parent_key,
        walks.walk_seq,
        walks.started_at,
        walks.finished_at
    from walks
    left join {{ ref('int_directory_parents') }} as parents on walks.source = parents.source

)

select * from final
