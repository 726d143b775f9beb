{#- dbt-duckdb builds every view and table beside the old one, then renames both and drops one: up to seven statements for
    each. DuckDB replaces a relation within a transaction, and nobody reads the warehouse during a build. Grants, indexes and
    comments are not supported, because no view or table has any. -#}

{% materialization view, adapter="duckdb" %}
  {{ return(replace_relation("view", "create or replace view " ~ this ~ " as (" ~ sql ~ ")")) }}
{% endmaterialization %}

{% materialization table, adapter="duckdb" %}
  {{ return(replace_relation("table", create_table_as(false, this.incorporate(type="table"), sql))) }}
{% endmaterialization %}

{% macro replace_relation(type, create) %}
  {% set existing = load_cached_relation(this) %}
  {{ run_hooks(pre_hooks) }}
  {% call statement("main") %}
    {% if existing and (existing.type != "view" or type != "view") %}drop {{ existing.type }} if exists {{ this }};{% endif %}
    {{ create }}
  {% endcall %}
  {{ run_hooks(post_hooks) }}
  {% do adapter.commit() %}
  {{ return({"relations": [this.incorporate(type=type)]}) }}
{% endmacro %}
