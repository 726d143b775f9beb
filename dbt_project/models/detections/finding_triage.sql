{{ config(materialized='view') }}

with

history as (

    select
        finding_id,
        rule_id,
        subject_id,
        found_at
    from {{ ref('finding_history') }}

),

decisions as (

    select * from {{ ref('stg_detections__decisions') }}

),

-- A decision about a rule and subject applies to the findings that existed then; a mute also to those found
-- until it ends.
applied as (

    select
        history.finding_id as of_finding_id,
        history.found_at,
        decisions.*
    from history
    inner join decisions on history.finding_id = decisions.finding_id

    union all

    select
        history.finding_id as of_finding_id,
        history.found_at,
        decisions.*
    from history
    inner join decisions on history.rule_id = decisions.rule_id and history.subject_id = decisions.subject_id
    where decisions.decided_at >= history.found_at or decisions.muted_until > history.found_at

),

ranked as (

    select
        *,
        row_number() over (partition by of_finding_id order by decision_number desc) as place,
        min(case when status <> 'open' then decided_at end) over (partition by of_finding_id) as first_decided_at
    from applied

),

final as (

    select
        of_finding_id as finding_id,
        case when muted_until <= {{ build_started_at() }} then 'open' else status end as triage_status,
        decided_by as triaged_by,
        note as triage_note,
        greatest({{ elapsed_seconds('found_at', 'first_decided_at') }}, 0) as seconds_to_triage,
        decided_at as triaged_at,
        muted_until
    from ranked
    where place = 1

)

select * from final
