{#
  Inserts one row into `raw.dbt_runs` for this dbt run: number of marts built, failed and skipped nodes, and the newest
  `ingest_seq` of the activities. The publishing step reads it. Does nothing if the warehouse has no such table.
#}
{% macro record_run(results) %}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'test') -%}
        {#- No `ref`: the hook is not a node of the graph. -#}
        {%- set runs = adapter.get_relation(target.database, 'raw', 'dbt_runs') -%}
        {%- set activities = adapter.get_relation(target.database, 'marts', 'activities') -%}
        {%- if runs is not none and activities is not none -%}
            {#- Opens the transaction that is committed below; nothing else does where dbt knows the relations already. -#}
            {%- call statement('open') -%} select 1 {%- endcall -%}
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
                {{ text_array(failed) }},
                coalesce(max(ingest_seq), 0),
                {{ now_utc() }}
            from {{ activities }};
            {#- dbt rolls back an open transaction after a hook. -#}
            commit
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{# Current time in UTC, without a time zone. #}
{% macro now_utc() %}{{ return(adapter.dispatch('now_utc')()) }}{% endmacro %}

{% macro duckdb__now_utc() %}current_timestamp at time zone 'UTC'{% endmacro %}
