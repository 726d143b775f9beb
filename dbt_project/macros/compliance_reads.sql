{# Paths of Compliance API requests. #}

{# Path of a URL, without scheme, host, query and fragment; null if it has none. #}
{% macro url_path(url) -%}
    nullif(regexp_extract({{ url }}, '^(?:[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*)?(/[^?#]*)', 1), '')
{%- endmacro %}


{# Whether the whole of `text` matches the regular expression. #}
{% macro matches_whole(text, pattern) %}{{ return(adapter.dispatch('matches_whole')(text, pattern)) }}{% endmacro %}

{% macro duckdb__matches_whole(text, pattern) %}regexp_full_match({{ text }}, '{{ pattern }}'){% endmacro %}


{#
  The documented API path that `path` matches, with `{id}` in place of ids; `other` for every other path, because the
  caller can put anything there. Null if `path` is null.
#}
{% macro documented_path(path) -%}
    case
        when {{ path }} is null then null
        {%- for documented in documented_paths() if '{id}' not in documented %}
            when {{ path }} = '{{ documented }}' then '{{ documented }}'
        {%- endfor %}
        {%- for documented in documented_paths() if '{id}' in documented %}
            when {{ matches_whole(path, documented | replace('{id}', '[^/]+')) }} then '{{ documented }}'
        {%- endfor %}
        else 'other'
    end
{%- endmacro %}


{# Order matters: a path comes before more general ones that also match it. #}
{% macro documented_paths() %}
    {%- set paths = {
        '/v1/compliance': [
            '/activities',
            '/organizations',
            '/organizations/{id}/users',
            '/organizations/{id}/roles',
            '/organizations/{id}/roles/{id}',
            '/organizations/{id}/roles/{id}/permissions',
            '/organizations/{id}/settings',
            '/organizations/{id}/security_posture',
            '/organizations/{id}/user_preferences',
            '/groups',
            '/groups/{id}',
            '/groups/{id}/members',
            '/apps/chats',
            '/apps/chats/files/{id}/content',
            '/apps/chats/generated-files/{id}/content',
            '/apps/chats/generated-files/{id}',
            '/apps/chats/{id}/messages',
            '/apps/chats/files/{id}',
            '/apps/chats/{id}',
            '/apps/artifacts/{id}/content',
            '/apps/artifacts/{id}',
            '/apps/code/artifacts',
            '/apps/projects',
            '/apps/projects/documents/{id}/metadata',
            '/apps/projects/documents/{id}',
            '/apps/projects/{id}/attachments',
            '/apps/projects/{id}/collaborators',
            '/apps/projects/{id}',
            '/apps/sessions/local',
            '/apps/sessions/local/{id}',
            '/apps/sessions/remote',
            '/transparency_log/checkpoint',
            '/transparency_log/keys',
            '/transparency_log/inclusion',
            '/transparency_log/consistency',
            '/transparency_log/tile/entries/{id}',
            '/transparency_log/tile/{id}/{id}',
        ],
        '/v1/organizations': [
            '/me',
            '/users',
            '/users/{id}',
            '/invites',
            '/invites/{id}',
            '/workspaces',
            '/workspaces/{id}',
            '/workspaces/{id}/members',
            '/workspaces/{id}/members/{id}',
            '/workspaces/{id}/rate_limits',
            '/workspaces/{id}/service_accounts',
            '/api_keys',
            '/api_keys/{id}',
            '/compliance_settings',
            '/service_accounts',
            '/service_accounts/{id}/workspaces',
            '/federation_issuers',
            '/federation_rules',
            '/federation_rules/{id}/workspaces',
            '/external_keys',
            '/tunnels',
            '/rate_limits',
            '/rbac_groups',
            '/rbac_groups/{id}/members',
            '/rbac_roles',
            '/rbac_roles/{id}/permissions',
            '/plugins',
            '/spend_limits/effective',
            '/spend_limit_increase_requests',
            '/usage_report/messages',
            '/usage_report/claude_code',
            '/cost_report',
            '/analytics/users',
            '/analytics/summaries',
            '/analytics/user_usage_report',
            '/analytics/user_cost_report',
        ],
    } -%}
    {%- set found = [] -%}
    {%- for base, ends in paths.items() -%}
        {%- for end in ends -%}{%- do found.append(base ~ end) -%}{%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
