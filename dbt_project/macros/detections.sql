{# Expressions that detection rules share. Rules that are one macro call are in `detection_rule_kinds.sql`. #}

{# Array of SQL text expressions, which may be empty. #}
{% macro text_array(texts) %}{{ return(adapter.dispatch('text_array')(texts)) }}{% endmacro %}

{% macro duckdb__text_array(texts) %}cast([{{ texts | join(', ') }}] as varchar[]){% endmacro %}


{# Strings, such as the values of a var, as SQL literals for `in (…)`. #}
{% macro literals(words) -%}
    {%- for word in words -%}{{ literal(word) }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}


{# A string as an SQL literal, with whatever quotes and backslashes it has. #}
{% macro literal(text) %}{{ return(adapter.dispatch('literal')(text)) }}{% endmacro %}

{% macro duckdb__literal(text) %}'{{ text | replace("'", "''") }}'{% endmacro %}


{# Interval of `count` units: `second`, `minute`, `hour` or `day`. `count` is a number or an SQL expression. #}
{% macro span(count, unit) -%}
    {%- if count is number -%} interval '{{ count }}' {{ unit }}
    {%- else -%} ({{ count or 0 }} * interval '1' {{ unit }})
    {%- endif -%}
{%- endmacro %}


{#
  Order and frame of a window: the rows that are at most `count` units before a row, and at least `gap` units; without
  a gap up to the row and those of its time.
#}
{% macro order_within(moment, count, unit, gap=0) -%}
    {{- return(adapter.dispatch('order_within')(moment, count, unit, gap)) -}}
{%- endmacro %}

{% macro duckdb__order_within(moment, count, unit, gap) -%}
    order by {{ moment }} range between {{ span(count, unit) }} preceding
    and {% if gap %}{{ span(gap, unit) }} preceding{% else %}current row{% endif %}
{%- endmacro %}


{# Start of this build (UTC), the same in all of its models. #}
{% macro build_started_at() -%}
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}


{# `subject_type` of a finding about an actor. #}
{% macro actor_kind(actor_type) -%}
    case {{ actor_type }}
        when 'user_actor' then 'user'
        when 'api_actor' then 'key'
        when 'admin_api_key_actor' then 'key'
        when 'service_account_actor' then 'service_account'
        when 'unauthenticated_user_actor' then 'ip_address'
        else {{ actor_type }}
    end
{%- endmacro %}


{# Rules about volumes, by the behaviour they count. #}
{% macro volume_rules() -%}
    {{- return({
        'download': 'mass_download',
        'upload': 'mass_upload',
        'deletion': 'mass_deletion',
        'snapshot': 'mass_snapshot',
        'access_failure': 'many_access_failures',
        'enumeration': 'directory_enumeration',
        'chat_creation': 'mass_chat_creation',
        'member_removal': 'mass_member_removal',
        'role_grant': 'mass_role_grant',
        'api_deletion': 'mass_api_deletion',
    }) -}}
{%- endmacro %}


{# Service accounts act under their own ids; API keys of all types share one id space. #}
{% macro key_family(key_type) -%}
    case {{ key_type }} when 'service_account' then 'service_account' else 'api_key' end
{%- endmacro %}


{# Rank of an organization or workspace role: its position in the threshold `admin_roles`, from 1; 0 for any other. #}
{% macro role_rank(role) -%}
    case lower({{ role }})
        {%- for name in threshold('admin_role_given', 'admin_roles') %} when {{ literals([name]) }} then {{ loop.index }}{% endfor %} else 0
    end
{%- endmacro %}


{# A threshold of the volume rules, by the column `behaviour`. #}
{% macro volume_threshold(name, organization, behaviour='behaviour') -%}
    case {{ behaviour }}
        {%- for of_behaviour, rule_id in volume_rules().items() %}
            when '{{ of_behaviour }}' then {{ threshold(rule_id, name, organization) }}
        {%- endfor %}
    end
{%- endmacro %}


{# Findings of earlier builds; none before the first. No `ref`: `finding_history` depends on what reads this. #}
{% macro known_findings() -%}
    {{- return(adapter.get_relation(target.database, 'detections', 'finding_history') if execute else none) -}}
{%- endmacro %}


{# Whether a role in an organization or workspace administers it. #}
{% macro is_admin_role(role) %}{{ role }} in ({{ literals(threshold('admin_role_given', 'admin_roles')) }}){% endmacro %}


{# Name of the program in a user agent, in lower case, where it is one that scripts and attack tools use. #}
{% macro scripted_agent(user_agent) -%}
    {%- set programs = [
        'aiohttp', 'apache-httpclient', 'aria2', 'axios', 'bun', 'burp', 'curl', 'deno', 'dirbuster', 'feroxbuster', 'ffuf',
        'gobuster', 'go-http-client', 'got', 'guzzlehttp', 'http[.]rb', 'httpie', 'httpx', 'hydra', 'insomnia', 'java',
        'libwww-perl', 'masscan', 'mechanize', 'nikto', 'nmap', 'node', 'node-fetch', 'nuclei', 'okhttp', 'perl', 'php',
        'postmanruntime', 'powershell', 'pycurl', 'python', 'python-httpx', 'python-requests', 'python-urllib', 'reqwest',
        'restsharp', 'ruby', 'scrapy', 'sqlmap', 'superagent', 'undici', 'wfuzz', 'wget', 'zgrab',
    ] -%}
    case
        when {{ matches_pattern('lower(' ~ user_agent ~ ')', '^(?:' ~ programs | join('|') ~ ')(?:[/ ;]|$)') }}
            then split_part(split_part(lower({{ user_agent }}), '/', 1), ' ', 1)
        when lower({{ user_agent }}) like '%powershell/%' then 'powershell'
    end
{%- endmacro %}


{# Deletes activities that are evidence of no finding, current or earlier. #}
{% macro drop_uncited(detected) %}{{ return(adapter.dispatch('drop_uncited')(detected)) }}{% endmacro %}

{% macro duckdb__drop_uncited(detected) -%}
    {%- set findings = [detected] + ([known_findings()] if known_findings() is not none else []) -%}
    delete from {{ this }}
    where
        activity_id not in (
            {%- for relation in findings %}
                select unnest(evidence_activity_ids) from {{ relation }} {{ 'union all' if not loop.last }}
            {%- endfor %}
        )
{%- endmacro %}
