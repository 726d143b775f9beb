{{ config(materialized='ephemeral') }}

with

entries as (

    select * from {{ ref('stg_detections__allowlist') }}

),

cited as (

    {{ each_item(ref('detected_findings'), 'evidence_activity_ids', 'activity_id') }}

),

activities as (

    select
        activity_id,
        actor_user_agent,
        {{ first_address('actor_ip_address') }} as address
    from {{ ref('evidence_activities') }}
    where
        exists (
            select 1 from entries
            where entries.kind in ('network', 'user_agent')
        )

),

covered as (

    select distinct
        cited.finding_id,
        cited.activity_id
    from cited
    inner join activities on cited.activity_id = activities.activity_id
    inner join entries
        on
            cited.rule_id = coalesce(entries.rule_id, cited.rule_id)
            and coalesce(cited.organization_uuid, '') = coalesce(entries.organization_uuid, cited.organization_uuid, '')
            and cited.subject_type = coalesce(entries.subject_type, cited.subject_type)
            and (
                (entries.kind = 'network' and activities.address between entries.first_address and entries.last_address)
                or (
                    entries.kind = 'user_agent'
                    and activities.actor_user_agent like entries.allowed_value escape '~'
                )
            )

),

evidence_counts as (

    select
        cited.finding_id,
        count(distinct cited.activity_id) as cited_count,
        count(distinct covered.activity_id) as covered_count
    from cited
    left join covered on cited.finding_id = covered.finding_id and cited.activity_id = covered.activity_id
    group by cited.finding_id

),

final as (

    select distinct detected.finding_id
    from {{ ref('detected_findings') }} as detected
    inner join entries
        on
            detected.rule_id = coalesce(entries.rule_id, detected.rule_id)
            and coalesce(detected.organization_uuid, '')
            = coalesce(entries.organization_uuid, detected.organization_uuid, '')
            and detected.subject_type = coalesce(entries.subject_type, detected.subject_type)
            and entries.allowed_value in (detected.subject_id, detected.actor_id)
    where entries.kind in ('person', 'key')

    union

    select finding_id from evidence_counts
    where covered_count = cited_count

)

select * from final
