{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

with

activities as (

    select activities.* from {{ ref('activities') }} as activities
    where {{ is_new('activities') }}

),

attempts as (

    select
        activities.*,
        login_types.login_kind,
        coalesce(login_types.method, {{ json_text('activities.payload', 'method') }}) as login_method
    from activities
    inner join {{ ref('login_types') }} as login_types on activities.activity_type = login_types.activity_type

),

final as (

    select
        activity_id,
        occurred_at,
        activity_date,
        activity_type,
        login_kind,
        login_method,
        {{ json_text('payload', 'provider') }} as identity_provider,
        {{ json_text('payload', 'mfa_method') }} as mfa_method,
        outcome,
        coalesce({{ json_text('payload', 'reason') }}, {{ json_text('payload', 'status.reason') }}) as reason,
        organization_uuid,
        actor_type,
        actor_id,
        actor_user_id as user_id,
        actor_email,
        claimed_email,
        actor_ip_address,
        actor_user_agent,
        ingest_seq
    from attempts

)

select * from final
