{#
  What `detections.toml` changes of the rules. A rule's `.yml` has the defaults (`meta: detection: thresholds:`); the
  file's changes are in `raw.detection_settings`, the allowlists in `raw.detection_allowlist`. Both tables hold only
  what is in force at the build. How a rule uses them: "A detection rule" in CONTRIBUTING.md.
#}

{#
  Value of a threshold: a number, or a list of texts. With `organization`, the name of a column: an SQL expression of
  the value that holds in that organization; the `.yml` then says `by_organization: true`. Not for incremental models,
  whose stored rows would keep an old value: they flag by `lowest_threshold`, and the rule compares.
#}
{% macro threshold(rule_id, name, organization=none) -%}
    {%- set stated = stated_threshold(rule_id, name) -%}
    {%- if stated['of'] is defined -%}
        {{- return(threshold(stated['of'], name, organization)) -}}
    {%- elif organization and not stated.by_organization -%}
        {{- exceptions.raise_compiler_error(rule_id ~ '.yml: ' ~ name ~ ' needs `by_organization: true`.') -}}
    {%- endif -%}
    {%- set found = namespace(value=stated.default) -%}
    {%- set cases = [] -%}
    {%- for row in stored_settings(rule_id, 'thresholds.' ~ name) -%}
        {%- if row['organization_uuid'] is none -%}
            {%- set found.value = fromjson(row['value']) -%}
        {%- else -%}
            {%- do cases.append('when ' ~ literals([row['organization_uuid']]) ~ ' then ' ~ row['value']) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if organization and cases -%}
        {{- return('case ' ~ organization ~ ' ' ~ cases | join(' ') ~ ' else ' ~ found.value ~ ' end') -}}
    {%- endif -%}
    {{- return(found.value) -}}
{%- endmacro %}


{# The lowest value that `detections.toml` can give a threshold: `at_least` in the `.yml`. #}
{% macro lowest_threshold(rule_id, name) -%}
    {{- return(stated_threshold(rule_id, name)['at_least']) -}}
{%- endmacro %}


{% macro stated_threshold(rule_id, name) -%}
    {%- set stated = rule_thresholds().get(rule_id, {}) -%}
    {%- if name in stated -%}
        {{- return(stated[name]) -}}
    {%- endif -%}
    {{- exceptions.raise_compiler_error('No rule ' ~ rule_id ~ ' has a threshold ' ~ name ~ ' in its .yml: run `python -m orchestration.docs_pages.findings`.') -}}
{%- endmacro %}


{# Rows of `raw.detection_settings`; none where the warehouse has no such table. #}
{% macro stored_settings(rule_id, setting) -%}
    {#- No `ref`: the value is part of the SQL. A build after a change builds all of the detections again. -#}
    {%- set settings = adapter.get_relation(target.database, 'raw', 'detection_settings') if execute else none -%}
    {%- if settings is none -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return(run_query(
        'select organization_uuid, value from ' ~ settings ~ ' where rule_id = ' ~ literals([rule_id])
        ~ ' and setting = ' ~ literals([setting]) ~ ' order by organization_uuid'
    ).rows) -}}
{%- endmacro %}


{#
  Whether the allowlist has an entry of `kind` (`person`, `key`, `network` or `user_agent`) for this rule by name, or
  any at all. Entries for all rules do not count.
#}
{% macro has_allowlist(rule_id, kind=none) -%}
    exists (
        select 1 from {{ ref('stg_detections__allowlist') }} as entries
        where entries.rule_id = '{{ rule_id }}'{% if kind %} and entries.kind = '{{ kind }}'{% endif %}
    )
{%- endmacro %}


{#
  Whether a network (as in `marts.activities`) or an address is within a network on the allowlist of the rule. For
  rules that count networks: every finding whose whole evidence is allowed is left out anyway.
#}
{% macro is_allowed_network(rule_id, network, organization=none) -%}
    exists (
        select 1 from {{ ref('stg_detections__allowlist') }} as entries
        where
            entries.kind = 'network'
            and coalesce(entries.rule_id, '{{ rule_id }}') = '{{ rule_id }}'
            {% if organization -%}
                and (entries.organization_uuid is null or entries.organization_uuid = {{ organization }})
            {%- else -%}
                and entries.organization_uuid is null
            {%- endif %}
            and entries.first_address <= {{ first_address(network) }}
            and entries.last_address >= {{ last_address(network) }}
    )
{%- endmacro %}
