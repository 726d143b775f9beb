{#
  Outcome of an activity of a type whose records state it: `success`, `failure`, or `unknown` if this one does not. Null
  for all other types, whose outcome is in the seed `activity_types`. `status_code` is the record's.
#}
{% macro stated_outcome(activity_type, stated, status_code) -%}
    {%- set word_fields = {
        'admin_connector_request_resolved': 'decision',
        'github_token_import': 'result',
        'mcp_server_managed_auth_token_exchanged': 'outcome',
        'org_external_key_validated': 'validation_result',
        'org_join_proposal_decided': 'approved',
        'platform_app_attest_authentication': 'status.outcome',
        'platform_federated_authentication': 'status.outcome',
    } -%}
    case {{ activity_type }}
        when 'compliance_api_accessed'
            then
                case
                    when {{ whole_number(status_code, 'integer') }} < 400 then 'success'
                    when {{ whole_number(status_code, 'integer') }} < 500 then 'failure'
                    else 'unknown'
                end
        {%- for type, field in word_fields.items() %}
            when '{{ type }}' then {{ outcome_of_word(record_field(stated, field)) }}
        {%- endfor %}
    end
{%- endmacro %}


{# Maps the word that a record uses for its outcome. #}
{% macro outcome_of_word(word) -%}
    case
        when lower({{ word }}) in ('success', 'succeeded', 'approved', 'imported', 'true') then 'success'
        when
            lower({{ word }}) in ('failure', 'denied', 'dismissed', 'error', 'false')
            or lower({{ word }}) like 'failed%'
            or lower({{ word }}) like 'rejected%'
            then 'failure'
        else 'unknown'
    end
{%- endmacro %}


{#
  When an activity occurred. Access by the provider appears in the feed up to two business days later; its record states
  when it occurred.
#}
{% macro happened_at(activity_type, accessed_at, created_at) -%}
    case
        when {{ activity_type }} in ('anthropic_access', 'cmek_preserve')
            then coalesce({{ utc_timestamp(accessed_at) }}, {{ created_at }})
        else {{ created_at }}
    end
{%- endmacro %}
