with

differences as (

    select * from {{ ref('state_differences') }}
    where explanation = 'unexplained'

),

final as (

    select
        difference_kind || '/' || coalesce(scope_type, '') || '/' || coalesce(scope_id, '') || '/'
        || cast(since as {{ dbt.type_string() }}) as anchor,
        object_type as subject_type,
        object_id as subject_id,
        organization_uuid,
        cast(null as {{ dbt.type_string() }}) as actor_id,
        'The directory and the events differ about a ' || replace(object_type, '_', ' ') || ': '
        || replace(difference_kind, '_', ' ') || '.' as sentence,
        {{ text_array([]) }} as evidence_activity_ids,
        since as occurred_at
    from differences

)

select * from final
