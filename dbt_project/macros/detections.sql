{# What detection rules need of an engine: networks, lists of ids, hours, and lists of thresholds as SQL. #}

{#
  The network of an IP address: the first 24 bits of IPv4 as `203.0.113.0/24` (also where it is mapped into IPv6), the
  first 48 of IPv6 as `2001:db8:1::/48`; null where there is no address. An address is a person's, a network seldom is.
#}
{% macro ip_network(address) %}{{ return(adapter.dispatch('ip_network')(address)) }}{% endmacro %}

{% macro duckdb__ip_network(address) -%}
    case
        when regexp_matches({{ address }}, '[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$')
            then regexp_extract({{ address }}, '([0-9]+\.[0-9]+\.[0-9]+)\.[0-9]+$', 1) || '.0/24'
        when contains({{ address }}, ':')
            then rtrim(array_to_string(string_split(lower({{ address }}), ':')[1:3], ':'), ':') || '::/48'
    end
{%- endmacro %}

{% macro spark__ip_network(address) -%}
    case
        when {{ address }} rlike r'[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\z'
            then concat(regexp_extract({{ address }}, r'([0-9]+\.[0-9]+\.[0-9]+)\.[0-9]+\z', 1), '.0/24')
        when contains({{ address }}, ':')
            then concat(rtrim(':', array_join(slice(split(lower({{ address }}), ':'), 1, 3), ':')), '::/48')
    end
{%- endmacro %}


{# A list of the given texts. #}
{% macro text_array(texts) %}{{ return(adapter.dispatch('text_array')(texts)) }}{% endmacro %}

{% macro duckdb__text_array(texts) %}[{{ texts | join(', ') }}]{% endmacro %}

{% macro spark__text_array(texts) %}array({{ texts | join(', ') }}){% endmacro %}


{# Words of the project, such as the values of a var, as SQL literals for an `in (…)`. #}
{% macro literals(words) -%}
    {%- for word in words -%}'{{ word | replace("'", "''") }}'{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}


{# A length of time in the unit `second`, `minute`, `hour` or `day`. #}
{% macro span(count, unit) %}interval '{{ count }}' {{ unit }}{% endmacro %}


{# When this build began (UTC), the same in all models of one build. #}
{% macro build_started_at() -%}
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}


{# What kind of thing the actor of a type is, as `subject_type`. #}
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


{# Kinds of behaviour of which too much on one day is a finding, and from how many on it may be. #}
{% macro volume_minimums() -%}
    {{- return({
        'download': var('mass_download_minimum'),
        'upload': var('mass_upload_minimum'),
        'deletion': var('mass_deletion_minimum'),
        'snapshot': var('mass_snapshot_minimum'),
        'access_failure': var('access_failure_minimum'),
        'enumeration': var('enumeration_minimum'),
    }) -}}
{%- endmacro %}


{# The sentence of a volume rule about a row of `detection_volumes`. #}
{% macro volume_summary(things) -%}
    {%- set text = dbt.type_string() -%}
    cast(activity_count as {{ text }}) || ' {{ things }} on ' || cast(activity_date as {{ text }})
    || coalesce(
        ', usually ' || cast(round(usual_count, 1) as {{ text }}) || ' on a day with any.',
        ', and none in the {{ var("baseline_days") }} days before.'
    )
{%- endmacro %}


{# Service accounts act under ids of their own; API keys of all types share theirs. #}
{% macro key_family(key_type) -%}
    case {{ key_type }} when 'service_account' then 'service_account' else 'api_key' end
{%- endmacro %}
