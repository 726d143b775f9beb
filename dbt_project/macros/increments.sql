{#
  See "How a model grows" in CONTRIBUTING.md. An incremental model has a column `ingest_seq`, the highest that each row
  depends on. Its maximum is the high-water mark, so that no separate state can get lost.
#}

{#
  Materialization of an incremental model. Spark rebuilds it on every build, because its file tables do not support delete
  and it reads all of history in one batch.
#}
{% macro incremental_or_table() %}{{ return(adapter.dispatch('incremental_or_table')()) }}{% endmacro %}

{% macro duckdb__incremental_or_table() %}{{ return('incremental') }}{% endmacro %}


{# Whether this build rebuilds the incremental models. #}
{% macro is_full_rebuild() %}{{ return(adapter.dispatch('is_full_rebuild')()) }}{% endmacro %}

{% macro duckdb__is_full_rebuild() %}{{ return(flags.FULL_REFRESH) }}{% endmacro %}


{#
  Whether a row of the relation `alias` is newer than everything this model has read; true on a rebuild. The high-water
  mark is inlined as a number, so that DuckDB skips older row groups.
#}
{% macro is_new(alias) -%}
    {%- if not is_incremental() -%}
        true
    {%- elif not execute -%}
        {{ alias }}.ingest_seq > 0
    {%- else -%}
        {%- set found = run_query('select coalesce(max(ingest_seq), 0) as newest from ' ~ this) -%}
        {{ alias }}.ingest_seq > {{ found.columns[0].values()[0] }}
    {%- endif -%}
{%- endmacro %}


{# Flags activities stored before the request they report was recorded as our own. #}
{% macro mark_own_reads(requests) %}{{ return(adapter.dispatch('mark_own_reads')(requests)) }}{% endmacro %}

{% macro duckdb__mark_own_reads(requests) -%}
    update {{ this }} as built
    set is_own_read = true
    where
        built.activity_type = 'compliance_api_accessed'
        and not built.is_own_read
        and built.request_id in (select requests.request_id from {{ requests }} as requests)
{%- endmacro %}
