{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

{% set models = [
    'int_membership_organization_changes',
    'int_membership_invitation_changes',
    'int_membership_workspace_changes',
    'int_membership_group_changes',
    'int_membership_role_changes',
    'int_membership_design_project_changes',
] %}

with

changes as (

    {% for model in models %}
        select * from {{ ref(model) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        {{ generate_surrogate_key(['activity_id', 'scope_type', 'scope_id', 'principal_type', 'principal_id']) }}
            as membership_change_id,
        activity_id,
        occurred_at,
        scope_type,
        scope_id,
        organization_uuid,
        principal_type,
        principal_id,
        principal_email,
        change_type,
        previous_role,
        new_role as {{ adapter.quote('current_role') }},
        previous_seat_tier,
        current_seat_tier,
        actor_type,
        actor_id,
        actor_email,
        ingest_seq
    from changes
    where {{ is_new('changes') }}

)

select * from final
