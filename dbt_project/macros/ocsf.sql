{# What events of the Open Cybersecurity Schema Framework (OCSF) are made of. #}

{# An object (struct) with these attributes, a dict of expressions by name. #}
{% macro object(attributes) %}{{ return(adapter.dispatch('object')(attributes)) }}{% endmacro %}

{% macro duckdb__object(attributes) -%}
    {%- set parts = [] -%}
    {%- for name, value in attributes.items() -%}{%- do parts.append('"' ~ name ~ '" := ' ~ value) -%}{%- endfor -%}
    struct_pack({{ parts | join(', ') }})
{%- endmacro %}


{# Milliseconds since 1970 of a UTC timestamp without a zone. #}
{% macro epoch_milliseconds(moment) %}{{ return(adapter.dispatch('epoch_milliseconds')(moment)) }}{% endmacro %}

{% macro duckdb__epoch_milliseconds(moment) %}epoch_ms({{ moment }}){% endmacro %}


{# A JSON object without some of its fields, as text; null where nothing is left, or where it cannot be read. #}
{% macro json_without(json, fields) %}{{ return(adapter.dispatch('json_without')(json, fields)) }}{% endmacro %}

{% macro duckdb__json_without(json, fields) -%}
    nullif(
        cast(
            try(json_merge_patch({{ duckdb__readable_json(json) }}, '{"{{ fields | join('":null,"') }}":null}')) as varchar
        ),
        '{}'
    )
{%- endmacro %}


{# Of events of all classes: `sequence` is null where there is none. #}
{% macro ocsf_metadata(uid, event_code, sequence, tenant_uid, logged_at) -%}
    {{- object({
        'version': "'1.5.0'",
        'uid': uid,
        'event_code': event_code,
        'sequence': sequence,
        'tenant_uid': tenant_uid,
        'log_name': "'Activity Feed'",
        'logged_time': epoch_milliseconds(logged_at),
        'product': object({'name': "'Claude'", 'vendor_name': "'Anthropic'"}),
    }) -}}
{%- endmacro %}


{# A user, known by id or by email. OCSF accepts fewer texts as an address than the feed has. #}
{% macro ocsf_user(uid, email, type, org_uid) -%}
    {{- object({
        'uid': uid,
        'name': 'coalesce(' ~ email ~ ', ' ~ uid ~ ', ' ~ type ~ ", 'unknown')",
        'email_addr': 'case when ' ~ matches_pattern(email, '^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+[.][a-zA-Z0-9.-]+$')
            ~ ' then ' ~ email ~ ' end',
        'type_id': 'case ' ~ type ~ " when 'user_actor' then 1 when 'system_actor' then 3 else 99 end",
        'type': 'case ' ~ type ~ " when 'user_actor' then 'User' when 'system_actor' then 'System' else coalesce("
            ~ type ~ ", 'unknown') end",
        'org': 'case when ' ~ org_uid ~ ' is not null then ' ~ object({'uid': org_uid}) ~ ' end',
    }) -}}
{%- endmacro %}


{# Of each text of a list an object with this `uid`. #}
{% macro ocsf_uids(texts) %}{{ return(adapter.dispatch('ocsf_uids')(texts)) }}{% endmacro %}

{% macro duckdb__ocsf_uids(texts) %}list_transform({{ texts }}, lambda text: struct_pack("uid" := text)){% endmacro %}


{# What every event says of its class and of what was done, under the names of OCSF. #}
{% macro ocsf_class_columns(class_uid, class_name, activity_id, activity_name) -%}
    {{ class_uid }} as class_uid,
        {{ class_name }} as class_name,
        cast(floor({{ class_uid }} / 1000) as integer) as category_uid,
        case cast(floor({{ class_uid }} / 1000) as integer)
            when 2 then 'Findings' when 3 then 'Identity & Access Management' when 6 then 'Application Activity'
            else 'Uncategorized'
        end as category_name,
        {{ activity_id }} as activity_id,
        {{ activity_name }} as activity_name,
        {{ class_uid }} * 100 + {{ activity_id }} as type_uid,
        {{ class_name }} || ': ' || {{ activity_name }} as type_name
{%- endmacro %}


{# The fields of a record that the events of OCSF have a place for. The first name that a record states is the object's. #}
{% macro ocsf_fields() -%}
    {%- set fields = {} -%}
    {%- for name in ['url', 'request_method'] + ocsf_privilege_fields() + ocsf_name_fields() -%}
        {%- do fields.update({name: 'text'}) -%}
    {%- endfor -%}
    {{- return(fields) -}}
{%- endmacro %}

{% macro ocsf_privilege_fields() -%}
    {{- return(['role', 'current_role', 'invited_role', 'grant_type', 'access_level', 'role_id']) -}}
{%- endmacro %}

{% macro ocsf_name_fields() -%}
    {{- return([
        'filename', 'display_name', 'name', 'title', 'plugin_name', 'skill_name', 'command_name', 'mcp_server_name',
        'service_name', 'repo_name', 'key_name', 'api_key_name', 'token_name', 'group_name', 'role_name', 'tool_name',
        'guide_name',
    ]) -}}
{%- endmacro %}

{# The first of these fields that the record states; null where it states none. #}
{% macro first_stated(record, fields) -%}
    {%- set parts = [] -%}
    {%- for name in fields -%}{%- do parts.append(record_field(record, name)) -%}{%- endfor -%}
    coalesce({{ parts | join(', ') }})
{%- endmacro %}


{#
  The attributes that only some classes have, by name: for which rows (`when`), and the `value`. The classes that have
  one are also in `orchestration/deliver/siem/events.py`, which gives each class its own columns.
#}
{% macro ocsf_attributes() -%}
    {%- set actor = ocsf_user('actor_id', 'email', 'actor_type', 'organization_uuid') -%}
    {%- set subject = ocsf_user(
        'coalesce(user_id, case when user_email is null then coalesce(service_account_id, target_id) end)',
        'user_email',
        "case when coalesce(user_id, user_email) is not null then 'user_actor' when service_account_id is not null"
            ~ " then 'service_account_actor' else 'principal' end",
        'organization_uuid',
    ) -%}
    {#- OCSF knows these alone. -#}
    {%- set method = 'case when ' ~ record_field('stated', 'request_method')
        ~ " in ('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS') then " ~ record_field('stated', 'request_method')
        ~ ' end' -%}
    {%- set privilege = first_stated('stated', ocsf_privilege_fields()) -%}
    {%- set object_uid = 'coalesce(target_id, group_id)' -%}
    {%- set named = {
        'uid': object_uid,
        'name': 'coalesce(object_name, ' ~ object_uid ~ ', object_type)',
        'type': 'object_type',
    } -%}
    {%- set described = {'uid': named.uid, 'name': named.name, 'type_id': '99', 'type': named.type} -%}
    {{- return({
        'actor': {'when': 'class_uid <> 0', 'value': object({'user': actor})},
        'src_endpoint': {
            'when': 'class_uid in (6003, 6005, 6006) or (class_uid <> 0 and is_address)',
            'value': object({
                'ip': 'case when is_address then actor_ip_address end',
                'name': "case when not is_address then coalesce(actor_ip_address, 'unknown') end",
            }),
        },
        'http_request': {
            'when': 'class_uid not in (0, 6006) and coalesce(actor_user_agent, ' ~ method ~ ') is not null',
            'value': object({
                'user_agent': 'actor_user_agent',
                'http_method': method,
                'url': 'case when ' ~ method ~ ' is not null then '
                    ~ object({'url_string': record_field('stated', 'url')}) ~ ' end',
            }),
        },
        'user': {
            'when': 'class_uid in (3001, 3002, 3005) or (class_uid = 3006 and user_id is not null)',
            'value': 'case when class_uid <> 3002 and coalesce(user_id, user_email, service_account_id, target_id) is not null'
                ~ ' then ' ~ subject ~ ' else ' ~ actor ~ ' end',
        },
        'service': {'when': 'class_uid = 3002', 'value': object({'name': "'Claude'"})},
        'privileges': {
            'when': 'class_uid = 3005 or (class_uid = 3006 and ' ~ privilege ~ ' is not null)',
            'value': text_array(['coalesce(' ~ privilege ~ ', object_type)']),
        },
        'group': {
            'when': 'class_uid = 3006',
            'value': object({'uid': 'group_id', 'name': "coalesce(object_name, group_id, 'unknown')"}),
        },
        'entity': {'when': 'class_uid = 3004', 'value': object(named)},
        'api': {
            'when': 'class_uid = 6003',
            'value': object({
                'operation': 'activity_type',
                'service': object({'name': "'Claude'"}),
                'request': 'case when request_id is not null then ' ~ object({'uid': 'request_id'}) ~ ' end',
                'response': 'case when status_code is not null then ' ~ object({'code': 'status_code'}) ~ ' end',
            }),
        },
        'resources': {'when': 'class_uid in (3005, 6003)', 'value': 'resources'},
        'file': {'when': 'class_uid = 6006', 'value': object(described)},
        'databucket': {'when': 'class_uid = 6005', 'value': object(described)},
    }) -}}
{%- endmacro %}
