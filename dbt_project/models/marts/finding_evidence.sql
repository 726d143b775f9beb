with

findings as (

    select * from {{ ref('findings') }}

),

cited as (

    select distinct
        items.finding_id,
        items.rule_id,
        items.activity_id,
        {{ item_position('items.evidence_activity_ids', 'items.activity_id') }} as evidence_number
    from ({{ each_item('findings', 'evidence_activity_ids', 'activity_id') }}) as items

),

final as (

    select
        {{ generate_surrogate_key(['cited.finding_id', 'cited.activity_id']) }} as finding_evidence_id,
        cited.finding_id,
        cited.rule_id,
        cited.activity_id,
        cited.evidence_number,
        activities.activity_type,
        activities.outcome,
        activities.organization_uuid,
        activities.actor_type,
        activities.actor_id,
        activities.actor_ip_address,
        activities.actor_network,
        activities.actor_user_agent,
        activities.occurred_at
    from cited
    left join {{ ref('evidence_activities') }} as activities on cited.activity_id = activities.activity_id

)

select * from final
