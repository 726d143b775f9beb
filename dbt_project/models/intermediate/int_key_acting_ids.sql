{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='delete+insert',
        unique_key=['key_family', 'key_group']
    )
}}

with

uses as (

    select
        activities.organization_uuid,
        activities.actor_id,
        activities.actor_type,
        case activities.actor_type when 'service_account_actor' then 'service_account' else 'api_key' end as key_family,
        case activities.actor_type
            when 'service_account_actor' then activities.actor_id
            else {{ id_suffix('activities.actor_id') }}
        end as key_group,
        activities.actor_ip_address,
        activities.occurred_at,
        {{ moment('activities.occurred_at', 'activities.activity_id') }} as used_moment,
        activities.ingest_seq
    from {{ ref('activities') }} as activities
    where
        activities.actor_type in ('api_actor', 'admin_api_key_actor', 'service_account_actor')
        and activities.actor_id is not null
        and {{ is_new('activities') }}

),

-- Combines the stored row of each key with its new uses, so that every use is read only once.
partials as (

    select
        key_family,
        key_group,
        actor_id,
        actor_type,
        used_moment as first_moment,
        organization_uuid,
        case when organization_uuid is not null then used_moment end as organization_moment,
        actor_ip_address as last_used_ip_address,
        used_moment as last_moment,
        1 as use_count,
        occurred_at as first_used_at,
        occurred_at as last_used_at,
        ingest_seq
    from uses

    {% if is_incremental() %}
        union all

        select built.* from {{ stored_rows() }} as built
        where exists (
            select 1 from uses
            where uses.key_family = built.key_family and uses.key_group = built.key_group
        )
    {% endif %}

),

final as (

    select
        key_family,
        key_group,
        {{ value_at_first('actor_id', 'first_moment') }} as actor_id,
        {{ value_at_first('actor_type', 'first_moment') }} as actor_type,
        min(first_moment) as first_moment,
        {{ value_at_first('organization_uuid', 'organization_moment') }} as organization_uuid,
        min(organization_moment) as organization_moment,
        {{ value_at_last('last_used_ip_address', 'last_moment') }} as last_used_ip_address,
        max(last_moment) as last_moment,
        cast(sum(use_count) as {{ dbt.type_bigint() }}) as use_count,
        min(first_used_at) as first_used_at,
        max(last_used_at) as last_used_at,
        max(ingest_seq) as ingest_seq
    from partials
    group by key_family, key_group

)

select * from final
