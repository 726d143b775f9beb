{# The kinds of rules of which there are several; each macro is a whole rule. #}

{#
  Complete rule for too much of one behaviour within 24 hours; `things` names the activities in the sentence. Where many
  people do it on one day, as in a clean-up, it is one finding about their organization.
#}
{% macro volume_rule(rule_id, behaviour, things) -%}
{%- set text = dbt.type_string() -%}
with

episodes as (

    select
        *,
        coalesce(
            organization_uuid is not null and actor_count >= {{ threshold(rule_id, 'people_at_once', 'organization_uuid') }},
            false
        ) as is_of_many
    from {{ ref('detection_volume_episodes') }}
    where behaviour = '{{ behaviour }}'

),

final as (

    select
        cast(activity_date as {{ text }}) || '/' || coalesce(organization_uuid, '') as anchor,
        {{ actor_kind('actor_type') }} as subject_type,
        actor_id as subject_id,
        organization_uuid,
        actor_id,
        cast(activity_count as {{ text }}) || ' {{ things }} within 24 hours'
        || coalesce(
            ', usually ' || cast(round(usual_count, 1) as {{ text }}) || ' on a day with any.',
            ', and none in the ' || cast({{ threshold(rule_id, 'baseline_days', 'organization_uuid') }} as {{ text }})
            || ' days before.'
        ) as sentence,
        {{ text_array(['first_activity_id', 'last_activity_id']) }} as evidence_activity_ids,
        occurred_at
    from episodes
    where not is_of_many

    union all

    select
        cast(activity_date as {{ text }}) as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        cast(null as {{ text }}) as actor_id,
        cast(count(*) as {{ text }}) || ' actors, each with many {{ things }} within 24 hours.' as sentence,
        {{ ordered_list('first_activity_id', 'occurred_at, first_activity_id') }} as evidence_activity_ids,
        min(occurred_at) as occurred_at
    from episodes
    where is_of_many
    group by organization_uuid, activity_date

)

select * from final
{%- endmacro %}


{#
  Complete rule for single activities. `activity_types`: the sentence of each type, or a list of types with one
  `sentence` for all, an SQL expression. `condition`: which of them.
#}
{% macro activity_rule(activity_types, subject_type, subject, condition='true', sentence=none) -%}
with

activities as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type in ({{ literals(activity_types) }})
        and {{ condition }}

),

final as (

    select
        activity_id as anchor,
        '{{ subject_type }}' as subject_type,
        {{ subject }} as subject_id,
        organization_uuid,
        actor_id,
        {% if sentence -%}
            {{ sentence }}
        {%- else -%}
            case activity_type
                {%- for activity_type, text in activity_types.items() %}
                    when '{{ activity_type }}' then {{ literals([text]) }}
                {%- endfor %}
            end
        {%- endif %} as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
{%- endmacro %}


{# Complete rule for settings that were changed to one of `values` (`setting=value`). `sentence`: an SQL expression. #}
{% macro setting_rule(values, sentence) -%}
with

changes as (

    select * from {{ ref('configuration_changes') }}
    where
        coalesce(lower(previous_value), '') <> lower(current_value)
        and setting || '=' || lower(current_value) in ({{ literals(values) }})

),

final as (

    select
        activity_id || '/' || setting || '/' || coalesce(object_id, '') as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        {{ sentence }} as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from changes

)

select * from final
{%- endmacro %}


{# Complete rule for acts after the end of access. Not every end has an activity. #}
{% macro access_end_rule(access_type, subject_type, sentence) -%}
with

acts as (

    select * from {{ ref('acts_without_access') }}
    where access_type = '{{ access_type }}'

),

final as (

    select
        -- The end of an account, or a walk, can end a person's stay in several organizations.
        coalesce(ended_by_activity_id, cast(ended_at as {{ dbt.type_string() }}))
        || case
            when ended_by_activity_id is null or reason = 'account_deleted' then coalesce(' ' || organization_uuid, '')
            else ''
        end as anchor,
        '{{ subject_type }}' as subject_type,
        subject_id,
        organization_uuid,
        actor_id,
        {{ sentence }} as sentence,
        case
            when ended_by_activity_id is null then {{ text_array(['activity_id']) }}
            else {{ text_array(['ended_by_activity_id', 'activity_id']) }}
        end as evidence_activity_ids,
        occurred_at
    from acts

)

select * from final
{%- endmacro %}
