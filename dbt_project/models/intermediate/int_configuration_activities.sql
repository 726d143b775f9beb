{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

with

activities as (

    select activities.* from {{ ref('activities') }} as activities
    where {{ is_new('activities') }}

),

listed as (

    select
        activity_type,
        max(object_id_field) as object_id_field,
        max(case when reading = 'updates' then 1 else 0 end) = 1 as is_read_from_updates
    from {{ ref('configuration_settings') }}
    group by activity_type

),

final as (

    select
        activities.activity_id,
        activities.organization_uuid,
        activities.workspace_id,
        activities.activity_type,
        activities.category,
        activities.object_type,
        {{ json_field('activities.payload', 'listed.object_id_field') }} as object_id,
        activities.action,
        activities.actor_type,
        activities.actor_id,
        activities.actor_email,
        activities.actor_ip_address,
        activities.payload,
        coalesce(listed.is_read_from_updates, true) as is_read_from_updates,
        activities.ingest_seq,
        activities.occurred_at
    from activities
    left join listed on activities.activity_type = listed.activity_type
    -- An unknown type counts if the record looks like a change.
    where
        listed.activity_type is not null
        or case
            when not activities.is_known_type
                then
                    coalesce(
                        {{ json_text('activities.payload', 'updates') }},
                        {{ json_text('activities.payload', 'previous_value') }},
                        {{ json_text('activities.payload', 'current_value') }}
                    ) is not null
            else false
        end

)

select * from final
