{#-
  The evidence of findings, with the fields that allowlists and analysts need. A lookup reads the ids of all
  of history, so each activity is looked up once: a build adds the evidence of new findings and drops what no
  finding needs. A rebuild also looks up the evidence of findings that are no longer supported.
-#}
{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        post_hook="{{ drop_uncited(ref('detected_findings')) }}"
    )
}}

with

cited as (

    select items.activity_id
    from ({{ each_item(ref('detected_findings'), 'evidence_activity_ids', 'activity_id') }}) as items

    {% if not is_incremental() and known_findings() is not none %}
        union all

        select items.activity_id
        from ({{ each_item(known_findings(), 'evidence_activity_ids', 'activity_id') }}) as items
    {% endif %}

),

missing as (

    select distinct cited.activity_id from cited
    {% if is_incremental() %}
        where cited.activity_id not in (select known.activity_id from {{ this }} as known)
    {% endif %}

),

final as (

    select
        activities.activity_id,
        activities.activity_type,
        activities.outcome,
        activities.organization_uuid,
        activities.actor_type,
        activities.actor_id,
        activities.actor_ip_address,
        activities.actor_network,
        activities.actor_user_agent,
        activities.occurred_at
    from {{ ref('activities') }} as activities
    inner join missing on activities.activity_id = missing.activity_id

)

select * from final
