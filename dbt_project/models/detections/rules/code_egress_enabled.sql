with

changes as (

    select * from {{ ref('configuration_changes') }}
    where
        coalesce(lower(previous_value), '') <> lower(current_value)
        and setting || '=' || lower(current_value) in (
            'code_execution_network_egress_enabled=true',
            'code_execution_domain_allowlist_template_changed=full_egress'
        )

),

final as (

    select
        activity_id || '/' || setting || '/' || coalesce(object_id, '') as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        'Code that Claude runs can reach the network: ' || setting || '.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from changes

)

select * from final
