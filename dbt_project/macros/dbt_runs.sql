{#
  One row in `raw.dbt_runs` for this run of dbt: how many marts it built, what failed or was left out because of that,
  and through which `ingest_seq` the activities reach. What publishes the marts reads it. A warehouse without that
  table keeps no record.
#}
{% macro record_run(results) %}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'test') -%}
        {#- No `ref`: a hook runs after all models, and has no place in the graph. -#}
        {%- set runs = adapter.get_relation(target.database, 'raw', 'dbt_runs') -%}
        {%- set activities = adapter.get_relation(target.database, 'marts', 'activities') -%}
        {%- if runs is not none and activities is not none -%}
            {%- set marts = [] -%}
            {%- set failed = [] -%}
            {%- for result in results -%}
                {%- if result.status | string in ('error', 'fail', 'runtime error', 'skipped') -%}
                    {%- do failed.append("'" ~ result.node.name ~ "'") -%}
                {%- elif result.node.resource_type == 'model' and result.node.schema == 'marts' -%}
                    {%- do marts.append(result.node.name) -%}
                {%- endif -%}
            {%- endfor -%}
            insert into {{ runs }} (
                build_id, command, is_full_refresh, mart_count, failed_nodes, through_ingest_seq, finished_at
            )
            select
                '{{ invocation_id }}',
                '{{ flags.WHICH }}',
                {{ 'true' if flags.FULL_REFRESH else 'false' }},
                {{ marts | length }},
                {{ strings(failed) }},
                coalesce(max(ingest_seq), 0),
                {{ now_utc() }}
            from {{ activities }};
            {#- dbt rolls back what a hook leaves open. -#}
            commit
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{# A list of the given SQL texts. #}
{% macro strings(texts) %}{{ return(adapter.dispatch('strings')(texts)) }}{% endmacro %}

{% macro duckdb__strings(texts) %}cast([{{ texts | join(', ') }}] as varchar[]){% endmacro %}


{# The time now, in UTC without a zone. #}
{% macro now_utc() %}{{ return(adapter.dispatch('now_utc')()) }}{% endmacro %}

{% macro duckdb__now_utc() %}current_timestamp at time zone 'UTC'{% endmacro %}
