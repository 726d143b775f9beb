{% set sentence -%}
    'Of ' || cast(requested_count as {{ dbt.type_string() }}) || ' deletions in one request, '
    || cast(audited_count as {{ dbt.type_string() }}) || ' were recorded.'
{%- endset %}

{{ activity_rule(
    [
        'claude_project_document_bulk_deletion_audit_truncated',
        'claude_project_file_bulk_deletion_audit_truncated',
    ],
    'project',
    'object_id',
    condition='requested_count > audited_count',
    sentence=sentence
) }}
