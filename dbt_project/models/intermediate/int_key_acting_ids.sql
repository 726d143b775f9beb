with

uses as (

    select
        activity_id,
        organization_uuid,
        actor_id,
        actor_type,
        case actor_type when 'service_account_actor' then 'service_account' else 'api_key' end as key_family,
        case actor_type when 'service_account_actor' then actor_id else {{ id_suffix('actor_id') }} end as key_group,
        actor_ip_address,
        occurred_at
    from {{ ref('activities') }}
    where
        actor_type in ('api_actor', 'admin_api_key_actor', 'service_account_actor')
        and actor_id is not null

),

{% set instant = moment('occurred_at', 'activity_id') %}

final as (

    select
        key_family,
        key_group,
        {{ value_at_first('actor_id', instant) }} as actor_id,
        {{ value_at_first('actor_type', instant) }} as actor_type,
        {{ value_at_first('organization_uuid', instant) }}
        filter (where organization_uuid is not null) as organization_uuid,
        {{ value_at_last('actor_ip_address', instant) }} as last_used_ip_address,
        count(*) as use_count,
        min(occurred_at) as first_used_at,
        max(occurred_at) as last_used_at
    from uses
    group by key_family, key_group

)

select * from final
