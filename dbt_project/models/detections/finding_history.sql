{#-
  A finding stays as first reported, even if late data removes its basis. A full refresh keeps this table.
-#}
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns'
    )
}}

with

found as (

    select found.* from {{ ref('current_findings') }} as found
    {% if is_incremental() %}
        where found.finding_id not in (select known.finding_id from {{ this }} as known)
    {% endif %}

),

final as (

    select
        finding_id,
        rule_id,
        title,
        severity,
        mitre_technique,
        mitre_technique_name,
        subject_type,
        subject_id,
        organization_uuid,
        actor_id,
        summary,
        evidence_activity_ids,
        occurred_at,
        found_at
    from found

)

select * from final
