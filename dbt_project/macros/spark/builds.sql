{#
  The name of this build (`SPARK_BUILD`), or none if tables are replaced in place, which only Delta and Iceberg can. It is the
  target's schema because dbt parses the project again when that changes.
#}
{% macro spark_build() %}
    {%- if target.schema == 'main' -%}
        {%- if env_var('SPARK_FILE_FORMAT', 'parquet') not in ('delta', 'iceberg') -%}
            {%- do exceptions.raise_compiler_error('Set SPARK_BUILD to a new name for each build, such as the time.') -%}
        {%- endif -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- if not modules.re.fullmatch('[a-z0-9]+', target.schema) -%}
        {%- do exceptions.raise_compiler_error('SPARK_BUILD consists of small letters and digits: ' ~ target.schema) -%}
    {%- endif -%}
    {{- return(target.schema) -}}
{% endmacro %}


{# Whether tables grow: with Iceberg, in place. Databricks has materializations of its own. #}
{% macro tables_grow() %}
    {{- return(target.type == 'spark' and env_var('SPARK_FILE_FORMAT', 'parquet') == 'iceberg' and not spark_build()) -}}
{% endmacro %}


{% macro spark__schema_of_build(schema) %}
    {%- set build = spark_build() -%}
    {{- return(schema ~ '_build_' ~ build if build else schema) -}}
{% endmacro %}


{% macro spark__start_build() %}
    {%- if execute and flags.WHICH in ('build', 'run') and tables_grow() -%}
        {%- do start_growing() -%}
    {%- elif execute and flags.WHICH == 'build' and spark_build() -%}
        {%- set finished = last_finished_build() -%}
        {%- if finished and not finished.is_published -%}
            {%- do publish_build(finished.build, finished.removal_count) -%}
        {%- endif -%}
        {%- for schema, build in schemas_of_builds() -%}
            {%- if build == spark_build() -%}
                {%- if names_in(schema) -%}
                    {%- do exceptions.raise_compiler_error(
                        'Build ' ~ spark_build() ~ ' exists, finished or not: set SPARK_BUILD to a new name.'
                    ) -%}
                {%- endif -%}
            {%- elif not finished or build != finished.build -%}
                {%- do spark_command('drop schema if exists ' ~ schema ~ ' cascade') -%}
            {%- endif -%}
        {%- endfor -%}
        {#- After a removal, which findings rest on what was removed or name the person is not known here: all go. -#}
        {%- set keeps = removal_count() == (finished.removal_count if finished else 0) -%}
        {%- for node in graph.nodes.values()
            if keeps and is_carried_over(node) and node.unique_id in selected_resources
        -%}
            {%- set last = adapter.get_relation(none, node.config.schema, node.alias) -%}
            {%- if last -%}
                {%- set new = last.incorporate(path={'schema': node.schema}, type='table') -%}
                {%- do spark_command(
                    'create table ' ~ new ~ ' using ' ~ node.config.file_format ~ ' as select * from ' ~ last
                ) -%}
                {%- do adapter.cache_added(new) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{% macro spark__finish_build(results) %}
    {%- if execute and flags.WHICH == 'build' and (spark_build() or tables_grow()) -%}
        {#- Exposures are among the results, as `no-op`. -#}
        {%- set succeeded = results | selectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list -%}
        {%- set made = succeeded | map(attribute='node.unique_id') | list -%}
        {%- set missing = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
            {%- if node.config.materialized != 'ephemeral' and node.unique_id not in made -%}
                {%- do missing.append(node.name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if tables_grow() -%}
            {%- if not missing -%}
                {%- do record_growing_build('tested' if succeeded | length == results | length else 'made') -%}
            {%- endif -%}
        {%- elif missing or succeeded | length < results | length -%}
            {%- do log(
                'Build ' ~ spark_build() ~ ' is not finished. Readers keep the last that is.', info=true
            ) -%}
        {%- else -%}
            {%- set before, removals = last_finished_build(), removal_count() -%}
            {%- do publish_build(spark_build(), removals) -%}
            {%- if before and before.removal_count != removals -%}
                {%- for schema, build in schemas_of_builds() if build != spark_build() -%}
                    {%- do spark_command('drop schema if exists ' ~ schema ~ ' cascade') -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#
  The view `raw.finished_build` names the build before the first view changes, so that the next build completes what was
  interrupted. The build before stays until the next one starts, for queries that are still reading it, unless something
  was removed since.
#}
{% macro publish_build(build, removal_count) %}
    {%- do record_finished_build(build, removal_count, is_published=false) -%}
    {%- set carried = [] -%}
    {%- for node in graph.nodes.values() if is_carried_over(node) -%}{%- do carried.append(node.alias) -%}{%- endfor -%}
    {%- for schema in ['marts', 'delivered', 'detections'] -%}
        {%- do spark_command('create schema if not exists ' ~ schema) -%}
        {%- set built = schema ~ '_build_' ~ build -%}
        {%- for name in names_in(built) if schema != 'detections' or name in carried -%}
            {#- A release that built in place left tables. -#}
            {%- set before = adapter.get_relation(none, schema, name) -%}
            {%- if before and before.is_table -%}{%- do adapter.drop_relation(before) -%}{%- endif -%}
            {%- do spark_command(
                'create or replace view ' ~ schema ~ '.' ~ name ~ ' as select * from ' ~ built ~ '.' ~ name
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do record_finished_build(build, removal_count, is_published=true) -%}
    {%- do log('Build ' ~ build ~ ' is finished, and what readers have.', info=true) -%}
{% endmacro %}


{% macro record_finished_build(build, removal_count, is_published) %}
    {%- do spark_command(
        "create or replace view raw.finished_build as select '" ~ build ~ "' as build, " ~ is_published
        ~ ' as is_published, ' ~ removal_count ~ ' as removal_count'
    ) -%}
{% endmacro %}


{# None before the first. Earlier releases did not record how many removals it knew. #}
{% macro last_finished_build() %}
    {%- if adapter.get_relation(none, 'raw', 'finished_build') -%}
        {%- set finished = run_query('select * from raw.finished_build').rows[0].dict() -%}
        {%- do finished.setdefault('removal_count', 0) -%}
        {{- return(finished) -}}
    {%- endif -%}
{% endmacro %}


{# How many removals the registered archive knows. #}
{% macro removal_count() %}
    {%- set removals = adapter.get_relation(none, 'raw', 'removals') -%}
    {{- return(run_query('select count(*) from ' ~ removals).columns[0].values()[0] | int if removals else 0) -}}
{% endmacro %}


{# The schemas that belong to builds, each with the name of its build. #}
{% macro schemas_of_builds() %}
    {%- set found = [] -%}
    {%- for schema in run_query('show schemas').columns[0].values() -%}
        {%- set parts = schema.rsplit('_build_', 1) -%}
        {%- if parts | length == 2 and parts[0] in build_schemas() -%}
            {%- do found.append((schema, parts[1])) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{# Runs what has no result. `run_query` would fetch one, and with Spark 3.5 behind Thrift that fails. #}
{% macro spark_command(sql) %}
    {%- call statement(none, fetch_result=false) -%}{{ sql }}{%- endcall -%}
{% endmacro %}


{# Tables and views of a schema, without the temporary views of the session, which Spark shows in every schema. #}
{% macro names_in(schema) %}
    {%- set names = [] -%}
    {%- for row in run_query('show tables in ' ~ schema).rows if not row[2] -%}{%- do names.append(row[1]) -%}{%- endfor -%}
    {{- return(names) -}}
{% endmacro %}


{# Schemas of the project as readers name them. #}
{% macro build_schemas() %}
    {%- set schemas = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
        {%- do schemas.append(node.config.schema) -%}
    {%- endfor -%}
    {{- return(schemas | unique | list) -}}
{% endmacro %}


{# Whether the table has what no build can make again. #}
{% macro is_carried_over(node) %}
    {{- return(node.resource_type == 'model' and node.config.full_refresh == false) -}}
{% endmacro %}
