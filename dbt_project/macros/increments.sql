{#
  How models grow: see "How a model grows" in CONTRIBUTING.md. An incremental model has a column `ingest_seq`, the
  newest that a row rests on, so that the table itself says how far it has read: there is no other mark to lose.
#}

{#
  How a model that grows is kept. Spark makes it anew at each build: its tables of files know no delete, and an engine
  for billions reads all of history in one batch.
#}
{% macro incremental_or_table() %}{{ return(adapter.dispatch('incremental_or_table')()) }}{% endmacro %}

{% macro duckdb__incremental_or_table() %}{{ return('incremental') }}{% endmacro %}


{# Whether this build makes the models that grow anew. #}
{% macro is_full_rebuild() %}{{ return(adapter.dispatch('is_full_rebuild')()) }}{% endmacro %}

{% macro duckdb__is_full_rebuild() %}{{ return(flags.FULL_REFRESH) }}{% endmacro %}


{#
  Whether a row of the relation that is called `alias` came after all that this model has read; true while the model
  is made anew. The mark is written as a number: DuckDB then skips the row groups before it.
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


{# Mark activities that were stored before the request that they report was known to be one of ours. #}
{% macro mark_own_reads(requests) %}{{ return(adapter.dispatch('mark_own_reads')(requests)) }}{% endmacro %}

{% macro duckdb__mark_own_reads(requests) -%}
    update {{ this }} as built
    set is_own_read = true
    where
        built.activity_type = 'compliance_api_accessed'
        and not built.is_own_read
        and built.request_id in (select requests.request_id from {{ requests }} as requests)
{%- endmacro %}
