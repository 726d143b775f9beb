{# Helpers that the models of members and users share: surrogate keys, moments, membership states. #}

{# Hash of several columns. Lengths prevent ambiguous concatenation; null differs from an empty text. #}
{% macro generate_surrogate_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {%- set size = 'cast(length(' ~ text ~ ') as ' ~ dbt.type_string() ~ ')' -%}
        {%- do parts.append("coalesce(" ~ size ~ " || ':' || " ~ text ~ ", '-')") -%}
    {%- endfor -%}
    {{- dbt.hash(parts | join(' || ')) -}}
{%- endmacro %}


{# Sort key of an activity, time and then id, so that `min` and `max` give the first and the last. #}
{% macro moment(occurred_at, activity_id) -%}
    {{- return(adapter.dispatch('moment')(occurred_at, activity_id)) -}}
{%- endmacro %}

{% macro duckdb__moment(occurred_at, activity_id) -%}
    struct_pack(occurred_at := {{ occurred_at }}, activity_id := {{ activity_id }})
{%- endmacro %}


{# `occurred_at` or `activity_id` of a moment. #}
{% macro moment_part(moment, part) %}{{ return(adapter.dispatch('moment_part')(moment, part)) }}{% endmacro %}

{% macro duckdb__moment_part(moment, part) %}struct_extract({{ moment }}, '{{ part }}'){% endmacro %}


{#
  Select of one row per membership and time in `events` (as in `int_membership_events`), with the combined effect of all
  events at that time, whose order is unknown; what a walk observed comes after them. A start and an end together change
  nothing; only a start opens the membership, only an end closes it. A role change opens it too, except within five
  minutes after an end. `is_unseen_start`: the first events of this membership imply an earlier start, or the first walk
  of the scope shows it.
#}
{% macro membership_states(events) %}
    {%- set order = 'occurred_at, case when is_observed then 1 else 0 end' %}
    {%- set preceding = 'order by ' ~ order ~ ' rows between unbounded preceding and 1 preceding' %}
    select
        membership_key,
        occurred_at,
        is_observed,
        has_begin,
        has_end,
        is_known,
        is_unseen_start,
        is_unseen_start or coalesce(
            lag(is_open_after) over (partition by membership_key order by {{ order }}), false
        ) as is_open_before,
        is_open_after
    from (
        select
            *,
            coalesce({{ last_non_null('opening', 'membership_key', order) }}, 0) = 1 as is_open_after
        from (
            select
                *,
                known_count > 0 as is_known,
                case
                    when has_begin and has_end then null
                    when has_begin then 1
                    when has_end then 0
                    when is_unseen_start then 1
                    when has_change and (last_end_at is null or occurred_at > last_end_at + interval '5' minute) then 1
                end as opening
            from (
                select
                    *,
                    has_direct = 1 and known_count = 1 and (is_initial or not has_begin) as is_unseen_start,
                    -- Absence from a walk is no end where an event had ended the stay already.
                    max(
                        case
                            when not has_end then null
                            when is_observed and previous_sign_at <= previous_end_at then null
                            else occurred_at
                        end
                    ) over (partition by membership_key {{ preceding }}) as last_end_at
                from (
                    select
                        *,
                        max(case when has_end then occurred_at end) over (
                            partition by membership_key {{ preceding }}
                        ) as previous_end_at,
                        max(case when has_begin or has_change then occurred_at end) over (
                            partition by membership_key {{ preceding }}
                        ) as previous_sign_at,
                        sum(has_direct) over (
                            partition by membership_key order by {{ order }} rows unbounded preceding
                        ) as known_count
                    from (
                        select
                            membership_key,
                            occurred_at,
                            is_observed,
                            max(case when effect = 'begin' then 1 else 0 end) = 1 as has_begin,
                            max(case when effect = 'change' then 1 else 0 end) = 1 as has_change,
                            max(case when effect = 'end' then 1 else 0 end) = 1 as has_end,
                            max(case when is_direct then 1 else 0 end) as has_direct,
                            max(case when is_initial then 1 else 0 end) = 1 as is_initial
                        from {{ events }}
                        group by membership_key, occurred_at, is_observed
                    ) as moments
                ) as counted
            ) as compared
        ) as decided
    ) as opened
{% endmacro %}


{# How a membership by events and one in the directory differ; null where they agree. An unknown role is no difference. #}
{% macro membership_difference(is_listed, listed_role, is_event_member, event_role) -%}
    case
        when {{ is_listed }} and not {{ is_event_member }} then 'only_in_directory'
        when {{ is_event_member }} and not {{ is_listed }} then 'only_in_events'
        when {{ is_listed }} and {{ is_event_member }} and {{ listed_role }} <> {{ event_role }} then 'role_differs'
    end
{%- endmacro %}
