{#
  Every activity that is stored. Where days were left to the archive, their rows are not in the source: the view
  `raw.stored_activities`, which whoever writes the warehouse keeps, has them all.
#}
{% macro stored_activities() %}{{ return(adapter.dispatch('stored_activities')()) }}{% endmacro %}

{% macro default__stored_activities() %}{{ source('raw', 'activities') }}{% endmacro %}

{% macro duckdb__stored_activities() -%}
    {#- Named in any case: the model depends on it. -#}
    {%- set activities = source('raw', 'activities') -%}
    {#- Not through dbt's cache of relations: `record_run` needs the transaction that filling it begins. -#}
    {%- set found = run_query(
        "select 1 from duckdb_views() where schema_name = 'raw' and view_name = 'stored_activities'"
    ) if execute -%}
    {{- 'raw.stored_activities' if found and found.rows else activities -}}
{%- endmacro %}
