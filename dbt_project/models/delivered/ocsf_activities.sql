{%- set envelope = ['id', 'created_at', 'type', 'organization_uuid'] %}

with

activities as (

    select
        *,
        {{ json_record('payload', ocsf_fields()) }} as stated
    from {{ ref('activities') }}

),

classified as (

    select
        activities.*,
        coalesce(activity_types.class_uid, 0) as class_uid,
        coalesce(activity_types.class_name, 'Base Event') as class_name,
        coalesce(activity_types.activity_id, 0) as ocsf_activity_id,
        coalesce(activity_types.activity_name, 'Unknown') as activity_name,
        coalesce(activities.actor_email, activities.claimed_email) as email,
        {{ first_stated('activities.stated', ocsf_name_fields()) }} as object_name,
        ocsf_objects.user_id,
        ocsf_objects.service_account_id,
        ocsf_objects.user_email,
        ocsf_objects.group_id,
        ocsf_objects.target_id,
        ocsf_objects.resources,
        activities.actor_network is not null and length(activities.actor_ip_address) <= 40 as is_address
    from activities
    left join {{ ref('ocsf_activity_types') }} as activity_types
        on activities.activity_type = activity_types.activity_type
    left join {{ ref('ocsf_objects') }} as ocsf_objects
        on activities.activity_id = ocsf_objects.activity_id and activities.ingest_seq = ocsf_objects.ingest_seq

),

final as (

    select
        ingest_seq,
        activity_date,
        {{ ocsf_class_columns('class_uid', 'class_name', 'ocsf_activity_id', 'activity_name') }},
        {{ epoch_milliseconds('occurred_at') }} as {{ adapter.quote('time') }},
        1 as severity_id,
        'Informational' as severity,
        case outcome when 'success' then 1 when 'failure' then 2 else 0 end as status_id,
        case outcome when 'success' then 'Success' when 'failure' then 'Failure' else 'Unknown' end as status,
        cast(status_code as {{ dbt.type_string() }}) as status_code,
        replace(activity_type, '_', ' ') as message,
        {{ ocsf_metadata('activity_id', 'activity_type', 'ingest_seq', 'organization_uuid', 'ingested_at') }}
            as metadata,
        {% for name, attribute in ocsf_attributes().items() -%}
            case when {{ attribute.when }} then {{ attribute.value }} end as {{ adapter.quote(name) }},
        {% endfor -%}
        -- What no attribute has: all but the envelope, and the actor where the class has no place for all of it.
        case
            when class_uid in (0, 6006) then {{ json_without('payload', envelope) }}
            else {{ json_without('payload', envelope + ['actor']) }}
        end as unmapped,
        payload as raw_data
    from classified

)

select * from final
