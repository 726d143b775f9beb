{#
  Where no statement can replace a table, each build has its own schemas, and the schemas that readers name
  hold views of the last finished build. DuckDB builds in place, because readers have a copy that is made
  after a build.
#}
{% macro schema_of_build(schema) %}{{ return(adapter.dispatch('schema_of_build')(schema)) }}{% endmacro %}

{% macro duckdb__schema_of_build(schema) %}{{ return(schema) }}{% endmacro %}


{# Before the first node: clear what earlier builds left, and carry over the tables that a build does not rebuild. #}
{% macro start_build() %}{{ return(adapter.dispatch('start_build')()) }}{% endmacro %}

{% macro duckdb__start_build() %}{% endmacro %}


{# After the last node: readers get this build, if all of it succeeded. #}
{% macro finish_build(results) %}{{ return(adapter.dispatch('finish_build')(results)) }}{% endmacro %}

{% macro duckdb__finish_build(results) %}{% endmacro %}
