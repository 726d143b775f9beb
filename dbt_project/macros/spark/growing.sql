{#
  Tables that grow, on Spark with Iceberg (`SPARK_FILE_FORMAT=iceberg`). New is what a snapshot of the archive brought: a late
  record of a closed day is archived before earlier records of a day that is still open, so the highest `ingest_seq` is no
  mark (docs/archive.md). Each of these tables has one column more than its model, `archive_snapshot`: the newest snapshot of
  the archive when the row was written. Its maximum is the mark of the table; rows above its own mark are what a model has not
  read of another table.

  A rebuild writes every row anew, with a new mark. A table that grows on one that was rebuilt would read everything twice:
  `raw.builds` records that a rebuild began, and no build but another rebuild starts before one has made all tables.
#}

{#
  Iceberg's `create or replace view` changes what it knows of a view in a Hive metastore, but not the text there, which Spark
  goes on reading. A view that still existed would make `create view` fail.
#}
{% macro create_view(name) %}
    {%- if tables_grow() -%}{%- do spark_command('drop view if exists ' ~ name) -%}{%- endif -%}
    {{- 'create view ' if tables_grow() else 'create or replace view ' }}{{ name -}}
{% endmacro %}


{% macro spark__create_view_as(relation, sql) -%}
    {%- if not tables_grow() -%}{{- return(dbt.spark__create_view_as(relation, sql)) -}}{%- endif -%}
    {{ create_view(relation) }} as
    {{ sql }}
{%- endmacro %}


{% macro spark__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {%- if not tables_grow() -%}{%- do adapter.drop_relation(old_relation) -%}{%- endif -%}
    {{- return(create_csv_table(model, agate_table)) -}}
{% endmacro %}


{# Columns of this table, but for the mark. #}
{% macro model_columns() %}
    {%- set names = [] -%}
    {%- for column in adapter.get_columns_in_relation(this) if column.name != mark() -%}
        {%- do names.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}


{#
  Both replace a table in one statement. dbt-spark does so only where the metastore names Iceberg as the provider, which one of
  Hive does not; otherwise it drops the table first, and its files stay.
#}
{% materialization table, adapter="spark" %}
  {% if not tables_grow() %}{{ return(dbt.materialization_table_spark()) }}{% endif %}
  {{ run_hooks(pre_hooks) }}
  {% do drop_view_of_this() %}
  {% call statement("main") %}{{ create_or_replace_spark_table(sql) }}{% endcall %}
  {{ run_hooks(post_hooks) }}
  {{ return({"relations": [this.incorporate(type="table")]}) }}
{% endmaterialization %}

{% materialization incremental, adapter="spark" %}
  {% if not tables_grow() %}{{ return(dbt.materialization_incremental_spark()) }}{% endif %}
  {% set existing = load_cached_relation(this) %}
  {{ run_hooks(pre_hooks) }}
  {% if existing is none or existing.is_view or should_full_refresh() %}
    {% do drop_view_of_this() %}
    {% call statement("main") %}{{ create_or_replace_spark_table(sql, mark()) }}{% endcall %}
  {% else %}
    {#- Only tables that a rebuild does not replace get here. -#}
    {% if flags.FULL_REFRESH %}{% do append_new_columns(sql) %}{% endif %}
    {% set keys = config.get("unique_key") %}
    {% if keys %}
      {% do replace_groups(sql, [keys] if keys is string else keys) %}
    {% else %}
      {% set columns = model_columns() | join(", ") %}
      {% call statement("main") %}
        insert into {{ this }} ({{ columns }}, {{ mark() }})
        select {{ columns }}, {{ newest_archived_snapshot() }} from (
          {{ sql }}
        ) as new
      {% endcall %}
    {% endif %}
  {% endif %}
  {{ run_hooks(post_hooks) }}
  {{ return({"relations": [this.incorporate(type="table")]}) }}
{% endmaterialization %}


{% macro drop_view_of_this() %}
  {% set existing = load_cached_relation(this) %}
  {% if existing and existing.is_view %}{% do adapter.drop_relation(existing) %}{% endif %}
{% endmacro %}


{% macro create_or_replace_spark_table(sql, mark=none) %}
  create or replace table {{ this }} {{ file_format_clause() }} as
  {% if config.get("contract").enforced %}
    {% do get_assert_columns_equivalent(sql) %}
    {% set sql = get_select_subquery(sql) %}
  {% endif %}
  select built.* {%- if mark -%} , cast({{ newest_archived_snapshot() }} as bigint) as {{ mark }} {%- endif %}
  from (
    {{ sql }}
  ) as built
{% endmacro %}


{# All rows with a key of the new rows give way to these, in one snapshot of the table. #}
{% macro replace_groups(sql, keys) %}
  {% set new = this.identifier ~ "__new" %}
  {% set columns = model_columns() %}
  {% do spark_command("drop view if exists " ~ new) %}
  {% do spark_command("cache table " ~ new ~ " as select * from (" ~ sql ~ "\n) as new") %}
  {% call statement("main") %}
    merge into {{ this }} as built
    using (
      select
        {% for column in columns %}{{ column if column[1:-1] in keys else "null as " ~ column }}, {% endfor %}
        true as is_replaced
      from (select distinct {{ keys | join(", ") }} from {{ new }}) as changed
      union all
      select {{ columns | join(", ") }}, false as is_replaced from {{ new }}
    ) as changed
    on
      changed.is_replaced
      {% for key in keys %}and built.{{ key }} = changed.{{ key }} {% endfor %}
    when matched then delete
    when not matched and not changed.is_replaced
      then insert ({{ columns | join(", ") }}, {{ mark() }})
      values (changed.{{ columns | join(", changed.") }}, {{ newest_archived_snapshot() }})
  {% endcall %}
  {#- Of the name that `cache table` made, `uncache table` alone leaves a view behind. -#}
  {% do spark_command("uncache table " ~ new) %}
  {% do spark_command("drop view if exists " ~ new) %}
{% endmacro %}


{% macro newest_archived_snapshot() %}
    {{- return(run_query("select coalesce(max(snapshot_number), 0) as newest from raw.archive_files").columns[0].values()[0]) -}}
{% endmacro %}


{#
  `raw.builds` on Spark. `status`: `begun`, a rebuild started; `made`, a build made all tables; `tested`, its tests passed too,
  and only then `archive_snapshot` is set. The others describe the dbt project and the archive that was read.
#}
{% macro create_table_of_builds() %}
    {%- do spark_command(
        'create table if not exists raw.builds (status string, archive_snapshot bigint, project_sha256 string, '
        ~ 'read_through bigint, part_sha256 string, removal_count bigint, built_at timestamp_ntz) using iceberg'
    ) -%}
{% endmacro %}


{% macro record_growing_build(status) %}
    {%- do spark_command(
        "insert into raw.builds select '" ~ status ~ "', " ~ ('read_through' if status == 'tested' else 'null')
        ~ ", '" ~ env_var('PROJECT_SHA256', '') ~ "', archive.*, " ~ now_utc() ~ ' from (' ~ archive_read() ~ ') as archive'
    ) -%}
{% endmacro %}


{# Newest snapshot that brought a part, one of these parts, and the number of removals. #}
{% macro archive_read() -%}
    select
        coalesce(max(files.snapshot_number), 0) as read_through,
        coalesce(max_by(files.file_sha256, struct(files.snapshot_number, files.path)), '') as part_sha256,
        (select count(*) from raw.removals) as removal_count
    from raw.archive_files as files
{%- endmacro %}


{% macro last_growing_build() %}
    {%- set last = run_query('select * from raw.builds order by built_at desc limit 1').rows -%}
    {{- return(last[0].dict() if last else none) -}}
{% endmacro %}


{# Why the tables cannot grow with the archive that is registered, or none. #}
{% macro reason_to_rebuild() %}
    {%- set last = last_growing_build() -%}
    {%- if not last -%}{{- return('nothing was built yet') -}}{%- endif -%}
    {%- if last.status == 'begun' -%}{{- return('the last rebuild has not made all tables') -}}{%- endif -%}
    {%- if env_var('PROJECT_SHA256', '') not in ('', last.project_sha256) -%}
        {{- return('the dbt project has changed') -}}
    {%- endif -%}
    {%- set found = run_query(
        'select archive.removal_count, (select count(*) from raw.archive_files as files where files.file_sha256 = '
        ~ literal(last.part_sha256) ~ ' and files.snapshot_number = ' ~ last.read_through ~ ') as known_count from ('
        ~ archive_read() ~ ') as archive'
    ).rows[0].dict() -%}
    {%- if found.removal_count != last.removal_count -%}{{- return('records were removed') -}}{%- endif -%}
    {%- if last.read_through and not found.known_count -%}{{- return('the archive is another one') -}}{%- endif -%}
    {%- if run_query('select count(*) as source_count from raw.sources').columns[0].values()[0] > 1 -%}
        {#- `activities` keeps the first received, and that is the one that was archived later. -#}
        {%- set earlier = run_query(
            'select 1 as found from raw.activities as new '
            ~ 'inner join marts.activities as known on new.activity_id = known.activity_id '
            ~ 'where new.archive_snapshot > ' ~ last.read_through ~ ' and new.ingest_seq < known.ingest_seq limit 1'
        ).rows -%}
        {%- if earlier -%}{{- return('a record was received earlier from another source') -}}{%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro start_growing() %}
    {%- set last = last_growing_build() -%}
    {%- if flags.FULL_REFRESH or not last -%}
        {#- The archive does not say whom a removal was about, so that no finding of before is known to be about others. -#}
        {%- if last and removal_count() != last.removal_count and known_findings() is not none -%}
            {%- do spark_command('delete from ' ~ known_findings()) -%}
        {%- endif -%}
        {#- Marks of before mean nothing afterwards. -#}
        {%- do spark_command('delete from raw.builds') -%}
        {%- do record_growing_build('begun') -%}
    {%- else -%}
        {%- set reason = reason_to_rebuild() -%}
        {%- if reason -%}{%- do exceptions.raise_compiler_error('Build with --full-refresh: ' ~ reason ~ '.') -%}{%- endif -%}
    {%- endif -%}
{% endmacro %}


{#
  `dbt run-operation upkeep --target spark`: merges small files, and deletes those that only older snapshots of the tables
  have. A query may read what was replaced for `keep_hours`, but nothing from before the last rebuild: it may have been removed.
#}
{% macro upkeep(keep_hours=24) %}
    {%- set until = run_query(
        'select cast(greatest(' ~ now_utc() ~ " - interval '" ~ keep_hours ~ "' hour, max(built_at)) as string) as until "
        ~ "from raw.builds where status = 'begun'"
    ).columns[0].values()[0] -%}
    {%- for table, grows in iceberg_tables().items() -%}
        {%- if grows -%}{%- do run_query("call spark_catalog.system.rewrite_data_files(table => '" ~ table ~ "')") -%}{%- endif -%}
        {%- do run_query(
            "call spark_catalog.system.expire_snapshots(table => '" ~ table ~ "', older_than => timestamp_ltz '" ~ until
            ~ "', retain_last => 1)"
        ) -%}
    {%- endfor -%}
{% endmacro %}


{# Names of the tables of the project, and of `raw.builds`, with whether they grow. #}
{% macro iceberg_tables() %}
    {%- set tables = {'raw.builds': true} -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
        {%- if node.config.materialized in ('table', 'incremental', 'seed') -%}
            {%- do tables.update({node.schema ~ '.' ~ node.alias: node.config.materialized == 'incremental'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(tables) -}}
{% endmacro %}
