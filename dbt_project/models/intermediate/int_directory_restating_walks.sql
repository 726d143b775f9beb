with

walks as (

    select
        walk_id,
        source,
        list_name,
        parent_key,
        walk_seq,
        started_at,
        lag(source) over (
            partition by list_name, parent_key order by started_at, walk_seq, walk_id
        ) as previous_source,
        lag(started_at) over (
            partition by list_name, parent_key order by started_at, walk_seq, walk_id
        ) as previous_started_at
    from {{ ref('int_directory_walks') }}

),

final as (

    select distinct
        walks.walk_id,
        walks.source,
        walks.list_name,
        walks.parent_key,
        walks.walk_seq,
        walks.started_at
    from walks
    left join {{ ref('int_directory_scope_ends') }} as ends
        on
            walks.list_name = ends.list_name
            and walks.parent_key = ends.parent_key
            and walks.started_at > ends.ended_at
            and walks.previous_started_at <= ends.ended_at
    where ends.ended_at is not null or walks.source <> walks.previous_source

)

select * from final
