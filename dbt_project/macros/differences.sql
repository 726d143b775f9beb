{#
  CTEs that say for each difference, by `key`, when logging began and whether it was off when the difference may have
  begun: after `changed_after` (null: any time) and up to `changed_before`. What belongs to no organization is measured
  by all of them. Before its first activity, an organization had no logging that could be off.
#}
{% macro logging_of(differences, key) -%}
first_activities as (

    select
        differences.{{ key }},
        min(firsts.first_activity_at) as first_activity_at
    from {{ differences }} as differences
    left join {{ ref('int_organization_first_activities') }} as firsts
        on coalesce(differences.organization_uuid, firsts.organization_uuid) = firsts.organization_uuid
    group by differences.{{ key }}

),

logging_times as (

    select
        differences.{{ key }},
        count(spots.blind_spot_id) > 0 as is_in_blind_spot,
        first_activities.first_activity_at
    from {{ differences }} as differences
    inner join first_activities on differences.{{ key }} = first_activities.{{ key }}
    left join {{ ref('blind_spots') }} as spots
        on
            coalesce(differences.organization_uuid, spots.organization_uuid) = spots.organization_uuid
            and differences.changed_before >= coalesce(spots.began_at, first_activities.first_activity_at)
            and coalesce(differences.changed_after < spots.ended_at, true)
            and coalesce(first_activities.first_activity_at < spots.ended_at, true)
    group by differences.{{ key }}, first_activities.first_activity_at

)
{%- endmacro %}
