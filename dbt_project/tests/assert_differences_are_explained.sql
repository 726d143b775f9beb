-- Warns where events and directory disagree and nothing explains it.
{{ config(severity='warn') }}

select * from {{ ref('state_differences') }}
where explanation = 'unexplained'
