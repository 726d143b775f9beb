{# What detection rules need of an engine: lists of ids, hours, and lists of thresholds as SQL. #}

{# A list of the given texts. #}
{% macro text_array(texts) %}{{ return(adapter.dispatch('text_array')(texts)) }}{% endmacro %}

{% macro duckdb__text_array(texts) %}[{{ texts | join(', ') }}]{% endmacro %}


{# Words of the project, such as the values of a var, as SQL literals for an `in (…)`. #}
{% macro literals(words) -%}
    {%- for word in words -%}'{{ word | replace("'", "''") }}'{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}


{# A length of time in the unit `second`, `minute`, `hour` or `day`. #}
{% macro span(count, unit) %}interval '{{ count }}' {{ unit }}{% endmacro %}


{# When this build began (UTC), the same in all models of one build. #}
{% macro build_started_at() -%}
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}


{# What kind of thing the actor of a type is, as `subject_type`. #}
{% macro actor_kind(actor_type) -%}
    case {{ actor_type }}
        when 'user_actor' then 'user'
        when 'api_actor' then 'key'
        when 'admin_api_key_actor' then 'key'
        when 'service_account_actor' then 'service_account'
        when 'unauthenticated_user_actor' then 'ip_address'
        else {{ actor_type }}
    end
{%- endmacro %}


{# Kinds of behaviour of which too much on one day is a finding, and from how many on it may be. #}
{% macro volume_minimums() -%}
    {{- return({
        'download': var('mass_download_minimum'),
        'upload': var('mass_upload_minimum'),
        'deletion': var('mass_deletion_minimum'),
        'snapshot': var('mass_snapshot_minimum'),
        'access_failure': var('access_failure_minimum'),
        'enumeration': var('enumeration_minimum'),
    }) -}}
{%- endmacro %}


{# Service accounts act under ids of their own; API keys of all types share theirs. #}
{% macro key_family(key_type) -%}
    case {{ key_type }} when 'service_account' then 'service_account' else 'api_key' end
{%- endmacro %}


{# What a finding about a row of `acts_without_access` hangs on. Not every end has an activity. #}
{% macro access_end_anchor() -%}
    coalesce(ended_by_activity_id, cast(ended_at as {{ dbt.type_string() }}))
{%- endmacro %}


{% macro access_end_evidence() -%}
    case
        when ended_by_activity_id is null then {{ text_array(['activity_id']) }}
        else {{ text_array(['ended_by_activity_id', 'activity_id']) }}
    end
{%- endmacro %}


{#
  How much an organization's or workspace's role allows: its place in the list `admin_roles`, from 1; 0 for any other.
#}
{% macro role_rank(role) -%}
    case lower({{ role }})
        {%- for name in var('admin_roles') %} when '{{ name }}' then {{ loop.index }}{% endfor %} else 0
    end
{%- endmacro %}


{# A whole rule about too much of one kind of behaviour on one day; `things` is what the sentence calls them. #}
{% macro volume_rule(behaviour, things) -%}
{%- set text = dbt.type_string() -%}
with

volumes as (

    select * from {{ ref('detection_volumes') }}
    where
        behaviour = '{{ behaviour }}'
        and activity_count >= {{ volume_minimums()[behaviour] }}
        and activity_count >= {{ var('baseline_factor') }} * coalesce(usual_count, 0)

),

final as (

    select
        cast(activity_date as {{ text }}) || '/' || coalesce(organization_uuid, '') as anchor,
        {{ actor_kind('actor_type') }} as subject_type,
        actor_id as subject_id,
        organization_uuid,
        actor_id,
        cast(activity_count as {{ text }}) || ' {{ things }} on ' || cast(activity_date as {{ text }})
        || coalesce(
            ', usually ' || cast(round(usual_count, 1) as {{ text }}) || ' on a day with any.',
            ', and none in the {{ var("baseline_days") }} days before.'
        ) as sentence,
        {{ text_array(['first_activity_id', 'last_activity_id']) }} as evidence_activity_ids,
        last_at as occurred_at
    from volumes

)

select * from final
{%- endmacro %}


{# What the `.yml` of a rule says about it. While dbt parses, it has read none yet. #}
{% macro described_rule(rule_id) -%}
    {%- set described = namespace(rule={}) -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == rule_id -%}
            {%- set described.rule = node.config.meta.detection -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(described.rule) -}}
{%- endmacro %}
