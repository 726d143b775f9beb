{#
  See "How a model grows" in CONTRIBUTING.md. An incremental model has a column `ingest_seq`, the highest that each row
  depends on. Its maximum is the high-water mark, so that no separate state can get lost. On Spark the mark is the snapshot
  of the archive (`macros/spark/growing.sql`).
#}

{#
  Materialization of an incremental model. Spark rebuilds it on every build, unless its tables support delete. `of`: what new
  rows come from, `activities` or `ledger`. The ledger is small, and a row of it can change, or be archived before what it
  is about: what comes from there is rebuilt wherever the archive is read.
#}
{% macro incremental_or_table(of='activities') %}{{ return(adapter.dispatch('incremental_or_table')(of)) }}{% endmacro %}

{% macro duckdb__incremental_or_table(of) %}{{ return('incremental') }}{% endmacro %}


{# Whether this build rebuilds the incremental model of a relation. #}
{% macro is_full_rebuild(relation) %}{{ return(adapter.dispatch('is_full_rebuild')(relation)) }}{% endmacro %}

{% macro duckdb__is_full_rebuild(relation) %}{{ return(flags.FULL_REFRESH) }}{% endmacro %}


{# The column that tells which rows are new; the highest that a table has is its high-water mark. #}
{% macro mark() %}{{ return(adapter.dispatch('mark')()) }}{% endmacro %}

{% macro duckdb__mark() %}{{ return('ingest_seq') }}{% endmacro %}


{# What a view between incremental models hands on: `ingest_seq`, and the mark where it is another column. #}
{% macro mark_columns(alias=none) -%}
    {%- for name in ['ingest_seq', mark()] | unique -%}
        {{ alias ~ '.' if alias }}{{ name }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#
  Whether a row of the relation `alias` is newer than everything this model has read; true on a rebuild. The high-water
  mark is inlined as a number, so that DuckDB skips older row groups.
#}
{% macro is_new(alias) -%}
    {%- if not is_incremental() -%}
        true
    {%- elif not execute -%}
        {{ alias }}.{{ mark() }} > 0
    {%- else -%}
        {%- set found = run_query('select coalesce(max(' ~ mark() ~ '), 0) as newest from ' ~ this) -%}
        {{ alias }}.{{ mark() }} > {{ found.columns[0].values()[0] }}
    {%- endif -%}
{%- endmacro %}


{# The rows of this model that earlier builds stored, with the columns of the model. #}
{% macro stored_rows() %}{{ return(adapter.dispatch('stored_rows')()) }}{% endmacro %}

{% macro duckdb__stored_rows() %}{{ return(this) }}{% endmacro %}


{# Flags activities stored before the request they report was recorded as our own. #}
{% macro mark_own_reads(requests) %}{{ return(adapter.dispatch('mark_own_reads')(requests)) }}{% endmacro %}

{% macro default__mark_own_reads(requests) -%}
    update {{ this }} as built
    set is_own_read = true
    where
        built.activity_type = 'compliance_api_accessed'
        and not built.is_own_read
        and built.request_id in (select requests.request_id from {{ requests }} as requests)
{%- endmacro %}
