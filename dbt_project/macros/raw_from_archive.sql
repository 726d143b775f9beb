{#
  `dbt run-operation register_archive --target spark` creates the tables of `raw` as views of the archive in
  `ARCHIVE_PATH`, at its newest ledger snapshot. Files that no snapshot lists belong to an unfinished run. Layout:
  `docs/archive.md`.
#}
{% macro register_archive() %}
    {%- set root = env_var('ARCHIVE_PATH').rstrip('/') | replace('`', '``') -%}
    {%- set newest = run_query(
        "select max(_metadata.file_path) as manifest from binaryFile.`" ~ root ~ "/ledger/*/manifest.json`"
    ).columns[0].values()[0] -%}
    {%- set ledger = root ~ '/ledger/' ~ newest.split('/')[-2] -%}
    {%- do spark_command('create schema if not exists raw') -%}
    {%- set tables = [
        'activity_revisions', 'address_locations', 'archive_files', 'coverage', 'day_seals', 'detection_allowlist',
        'detection_settings', 'directory_items', 'directory_walks', 'extracts', 'feed_requests', 'finding_decisions',
        'key_usage', 'removals', 'sources'
    ] -%}
    {%- for table in tables -%}
        {%- do spark_command(
            create_view('raw.' ~ table) ~ ' as select * from parquet.`' ~ ledger ~ '/' ~ table ~ '.parquet`'
        ) -%}
    {%- endfor -%}
    {%- do spark_command(archived_activities(root)) -%}
    {%- if tables_grow() -%}
        {%- do create_table_of_builds() -%}
        {%- set reason = reason_to_rebuild() -%}
        {%- if reason -%}{%- do log('rebuild: ' ~ reason, info=true) -%}{%- endif -%}
    {%- endif -%}
    {%- do log('raw: the archive in ' ~ root ~ ', ledger ' ~ newest.split('/')[-2], info=true) -%}
{% endmacro %}


{#
  Spark reports paths URI-encoded, so the archive's own escapes in source names are encoded twice. The date is compared, so
  that of new parts Spark opens only their days.
#}
{% macro archived_activities(root) -%}
    {{ create_view('raw.activities') }} as
    select
        {% for name in [
            'activity_id', 'created_at', 'activity_type', 'organization_id', 'organization_uuid', 'actor_type', 'payload',
            'payload_sha256', 'extract_id', 'ingested_at', 'ingest_seq', 'is_late', 'source',
        ] -%}
            parts.{{ name }},
        {% endfor -%}
        cast(parts.activity_date as date) as activity_date,
        files.snapshot_number as archive_snapshot
    from parquet.`{{ root }}/activities` as parts
    inner join raw.archive_files as files
        on
            parts.activity_date = cast(files.activity_date as string)
            and url_decode(replace(substring_index(parts._metadata.file_path, '/', -4), '+', '%2B')) = files.path
{%- endmacro %}
