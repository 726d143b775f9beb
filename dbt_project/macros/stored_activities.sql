{#
  Relation with all stored activities. Rows of offloaded days are not in the source table; the pipeline maintains the
  view `raw.stored_activities`, which includes them.
#}
{% macro stored_activities() %}{{ return(adapter.dispatch('stored_activities')()) }}{% endmacro %}

{% macro default__stored_activities() %}{{ source('raw', 'activities') }}{% endmacro %}

{% macro duckdb__stored_activities() -%}
    {#- Always referenced, so that the model depends on the source. -#}
    {%- set activities = source('raw', 'activities') -%}
    {#- Not through dbt's relation cache: `record_run` needs the transaction that filling the cache begins. -#}
    {%- set found = run_query(
        "select 1 from duckdb_views() where schema_name = 'raw' and view_name = 'stored_activities'"
    ) if execute -%}
    {{- 'raw.stored_activities' if found and found.rows else activities -}}
{%- endmacro %}
