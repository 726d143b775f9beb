{#-
  dbt-duckdb builds every view and table beside the old one, renames both and drops one, and asks for the
  columns of an incremental table four times: up to eleven statements each. DuckDB replaces a relation within
  a transaction, and nobody reads the warehouse during a build. Grants, indexes and comments are not
  supported, because nothing here has any.

  Contracts are compared with the columns of the SQL when a table is created; a changed project rebuilds all
  tables.
-#}

{% materialization view, adapter="duckdb" %}
  {{ return(replace_relation("view", "create or replace view " ~ this ~ " as (" ~ sql ~ ")")) }}
{% endmaterialization %}

{% materialization table, adapter="duckdb" %}
  {{ return(replace_relation("table", create_or_replace_table(sql))) }}
{% endmaterialization %}

{% materialization incremental, adapter="duckdb" %}
  {% set existing = load_cached_relation(this) %}
  {% if existing is none or existing.is_view or should_full_refresh() %}
    {{ return(replace_relation("table", create_or_replace_table(sql))) }}
  {% endif %}
  {#- Only tables that a rebuild does not replace get here. -#}
  {% if flags.FULL_REFRESH %}{% do append_new_columns(sql) %}{% endif %}
  {{ return(replace_relation("table", add_rows(sql))) }}
{% endmaterialization %}

{% macro replace_relation(type, statements) %}
  {% set existing = load_cached_relation(this) %}
  {{ run_hooks(pre_hooks) }}
  {% call statement("main") %}
    {% if existing and existing.type != type %}drop {{ existing.type }} {{ this }};{% endif %}
    {{ statements }}
  {% endcall %}
  {{ run_hooks(post_hooks) }}
  {% do adapter.commit() %}
  {{ return({"relations": [this.incorporate(type=type)]}) }}
{% endmacro %}

{% macro create_or_replace_table(sql) %}
  {% if not config.get("contract").enforced %}
    {{ return("create or replace table " ~ this ~ " as (" ~ sql ~ ")") }}
  {% endif %}
  {% if flags.FULL_REFRESH or not load_cached_relation(this) %}{% do get_assert_columns_equivalent(sql) %}{% endif %}
  create or replace table {{ this }} {{ get_table_columns_and_constraints() }};
  insert into {{ this }} {{ get_column_names() }} ({{ get_select_subquery(sql) }})
{% endmacro %}

{# Adds the rows of `sql`, after deleting those with the same `unique_key`, if the model has one. #}
{% macro add_rows(sql) %}
  {% set keys = config.get("unique_key") %}
  {% if not keys %}{{ return("insert into " ~ this ~ " by name (" ~ sql ~ ")") }}{% endif %}
  {% set keys = [keys] if keys is string else keys %}
  {% set new = this.identifier ~ "__new" %}
  create temporary table {{ new }} as ({{ sql }});
  delete from {{ this }} as built using (select distinct {{ keys | join(", ") }} from {{ new }}) as changed
  where {% for key in keys %}built.{{ key }} = changed.{{ key }}{{ " and " if not loop.last }}{% endfor %};
  insert into {{ this }} by name select * from {{ new }};
  drop table {{ new }}
{% endmacro %}

{% macro append_new_columns(sql) %}
  {% set known = adapter.get_columns_in_relation(this) | map(attribute="name") | list %}
  {% for column in get_column_schema_from_query(sql) if column.name not in known %}
    {% do run_query("alter table " ~ this ~ " add column " ~ column.name ~ " " ~ column.dtype) %}
  {% endfor %}
{% endmacro %}
