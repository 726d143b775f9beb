{% set minimum_tokens = threshold('key_usage_above_baseline', 'minimum_tokens', 'keys.organization_uuid') %}
{% set baseline_factor = threshold('key_usage_above_baseline', 'baseline_factor', 'keys.organization_uuid') %}
{% set baseline_days = threshold('key_usage_above_baseline', 'baseline_days') %}

with

daily as (

    select
        key_id,
        {{ id_suffix('key_id') }} as key_group,
        usage_date,
        sum(token_count) as token_count
    from {{ ref('key_usage_daily') }}
    where key_id is not null and token_count > 0
    group by key_id, {{ id_suffix('key_id') }}, usage_date

),

-- The average excludes days without any, so that batch work is compared with batch work.
compared as (

    select
        *,
        avg(token_count) over (
            partition by key_group {{ order_within('usage_date', baseline_days, 'day', gap=1) }}
        ) as usual_count
    from daily

),

keys as (

    select
        *,
        {{ id_suffix('key_id') }} as key_group
    from {{ ref('key_lifecycle') }}
    where key_type in ('platform_api_key', 'unknown')

),

-- A key without a baseline is new, or back after a long pause, which is no deviation.
final as (

    select
        cast(compared.usage_date as {{ dbt.type_string() }}) as anchor,
        coalesce(keys.key_type, 'key') as subject_type,
        coalesce(keys.key_id, compared.key_id) as subject_id,
        keys.organization_uuid,
        compared.key_id as actor_id,
        cast(compared.token_count as {{ dbt.type_string() }}) || ' tokens on '
        || cast(compared.usage_date as {{ dbt.type_string() }}) || ', usually '
        || cast(cast(round(compared.usual_count) as {{ dbt.type_bigint() }}) as {{ dbt.type_string() }})
        || ' on a day with any.' as sentence,
        {{ text_array([]) }} as evidence_activity_ids,
        cast(compared.usage_date as {{ dbt.type_timestamp() }}) as occurred_at
    from compared
    left join keys on compared.key_group = keys.key_group
    where
        compared.token_count >= {{ minimum_tokens }}
        and compared.token_count >= {{ baseline_factor }} * compared.usual_count

)

select * from final
