with

findings as (

    select
        *,
        case when is_supported then 1 else 3 end as ocsf_activity_id,
        case when is_supported then 'Create' else 'Close' end as activity_name,
        case when is_supported then finding_id else finding_id || ':close' end as event_uid
    from {{ ref('findings') }}

),

final as (

    select
        event_uid,
        cast(occurred_at as date) as activity_date,
        {{ ocsf_class_columns('2004', "'Detection Finding'", 'ocsf_activity_id', 'activity_name') }},
        {{ epoch_milliseconds('occurred_at') }} as {{ adapter.quote('time') }},
        case severity when 'low' then 2 when 'medium' then 3 when 'high' then 4 when 'critical' then 5 else 0 end
            as severity_id,
        case severity
            when 'low' then 'Low' when 'medium' then 'Medium' when 'high' then 'High' when 'critical' then 'Critical'
            else 'Unknown'
        end as severity,
        case when is_supported then 1 else 4 end as status_id,
        case when is_supported then 'New' else 'Resolved' end as status,
        summary as message,
        {{ ocsf_metadata('event_uid', 'rule_id', 'cast(null as bigint)', 'organization_uuid', 'found_at') }}
            as metadata,
        {{ object({
            'uid': 'finding_id',
            'title': 'title',
            'desc': 'summary',
            'created_time': epoch_milliseconds('found_at'),
            'first_seen_time': epoch_milliseconds('occurred_at'),
            'analytic': object({'uid': 'rule_id', 'name': 'title', 'type_id': '1', 'type': "'Rule'"}),
            'attacks': dbt.array_construct([object({
                'technique': object({'uid': 'mitre_technique', 'name': 'mitre_technique_name'}),
            })]),
            'related_events': ocsf_uids('evidence_activity_ids'),
        }) }} as finding_info,
        {{ dbt.array_construct([object({
            'uid': 'subject_id',
            'name': 'coalesce(subject_id, subject_type)',
            'type': 'subject_type',
        })]) }} as resources,
        cast(to_json({{ object({'actor_id': 'actor_id'}) }}) as {{ dbt.type_string() }}) as unmapped
    from findings

)

select * from final
