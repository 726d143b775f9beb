-- Warns where events and directory disagree and nothing explains it.
{{ config(severity='warn') }}

select
    difference_kind,
    scope_type,
    scope_id,
    object_type,
    object_id
from {{ ref('state_differences') }}
where explanation = 'unexplained'
