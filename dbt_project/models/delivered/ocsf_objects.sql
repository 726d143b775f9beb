{{ config(materialized='ephemeral') }}

with

-- Grouped by the number too, so that a filter on it reaches the table of all objects.
final as (

    select
        activity_id,
        ingest_seq,
        min(
            case when object_type = 'user' and {{ adapter.quote('role') }} <> 'previous_owner' then object_id end
        ) as user_id,
        min(case when object_type = 'service_account' then object_id end) as service_account_id,
        min(case when object_type = 'email' then object_id end) as user_email,
        min(case when object_type = 'group' then object_id end) as group_id,
        min(
            case when {{ adapter.quote('role') }} = 'target' and object_type not in ('user', 'email') then object_id end
        ) as target_id,
        {{ ordered_list(
            'case when object_type <> \'email\' then ' ~ object({'uid': 'object_id', 'type': 'object_type'}) ~ ' end',
            'object_type, object_id'
        ) }} as resources
    from {{ ref('activity_objects') }}
    group by activity_id, ingest_seq

)

select * from final
