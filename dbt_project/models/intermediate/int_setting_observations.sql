{#- Read by several models; as a table its joins are computed once. -#}
{{ config(materialized='table') }}

{% set no_text = 'cast(null as ' ~ dbt.type_string() ~ ')' %}

with

listings as (

    select * from {{ ref('int_setting_listings') }}

),

walks as (

    select * from {{ ref('int_setting_walks') }}

),

-- A walk that finds nothing changed matters where an event came before it: it confirms or contradicts the event.
next_walks as (

    select
        changes.organization_uuid,
        changes.object_type,
        changes.setting,
        min(walks.started_at) as observed_at
    from {{ ref('int_setting_changes') }} as changes
    inner join walks
        on
            changes.organization_uuid = walks.organization_uuid
            and changes.object_type = walks.object_type
            and changes.occurred_at <= walks.started_at
    where changes.object_id is null
    group by changes.organization_uuid, changes.object_type, changes.setting, changes.activity_id

),

moments as (

    select
        organization_uuid,
        object_type,
        setting,
        valid_from as observed_at
    from listings
    union
    select
        organization_uuid,
        object_type,
        setting,
        valid_to as observed_at
    from listings
    where valid_to is not null
    union
    select
        organization_uuid,
        object_type,
        setting,
        observed_at
    from next_walks

),

final as (

    select
        {{ setting_key('moments.organization_uuid', no_text, 'moments.object_type', no_text, 'moments.setting') }}
            as setting_key,
        moments.organization_uuid,
        moments.object_type,
        moments.setting,
        listings.setting_value,
        listings.valid_from is not null as is_present,
        coalesce(walks.is_first_of_scope, false) as is_first_of_scope,
        moments.observed_at,
        coalesce(walks.finished_at, moments.observed_at) as finished_at
    from moments
    left join listings
        on
            moments.organization_uuid = listings.organization_uuid
            and moments.object_type = listings.object_type
            and moments.setting = listings.setting
            and moments.observed_at >= listings.valid_from
            and coalesce(moments.observed_at < listings.valid_to, true)
    left join walks
        on
            moments.organization_uuid = walks.organization_uuid
            and moments.object_type = walks.object_type
            and moments.observed_at = walks.started_at

)

select * from final
