{# Counts that the daily and the all-time mart of user activity share, in published column order. #}

{% macro activity_categories() -%}
    {{- return([
        'authentication', 'access_management', 'credentials', 'configuration', 'content', 'agents_and_tools',
        'data_export', 'billing', 'compliance_access', 'security', 'unmapped',
    ]) -}}
{%- endmacro %}


{# Counts over activities. #}
{% macro user_activity_counts() -%}
        count(activity_id) as activity_count,
        count(case when right(activity_type, 7) = '_viewed' then 1 end) as view_count,
        count(distinct activity_type) as activity_type_count,
        count(distinct actor_ip_address) as ip_address_count,
        count(distinct actor_user_agent) as user_agent_count,
        count(case when outcome = 'failure' then 1 end) as failure_count
        {%- for category in activity_categories() %},
        count(case when category = '{{ category }}' then 1 end) as {{ category }}_count
        {%- endfor %}
{%- endmacro %}


{# Counts that add up over days. #}
{% macro additive_activity_counts() -%}
    {%- set names = ['activity_count', 'view_count', 'failure_count'] -%}
    {%- for category in activity_categories() -%}
        {%- do names.append(category ~ '_count') -%}
    {%- endfor -%}
    {{- return(names) -}}
{%- endmacro %}
