{#
  The network of an IP address. Addresses are compared by network: an address is a person's, a network seldom is.
  Nothing else in the product reads an address: `marts.activities` keeps the result in `actor_network`.

  Patterns have no backslash, which Spark would read as its own, and no group that captures: DuckDB matches them five
  times as fast. What few addresses need stands behind a `case`, so that few pay for it. Measured on 1M addresses: IPv4
  0.7 s of CPU, IPv6 3.5 s.
#}

{#
  The first 24 bits of an IPv4 address as `203.0.113.0/24`, the first 48 of an IPv6 address as `2001:db8:1::/48`; null
  for what is no address. An IPv6 address counts by its value in any spelling, with or without a zone. One that holds
  an IPv4 address (mapped, or 6to4, whose first 48 bits give all of it away) is cut like that.
#}
{% macro ip_network(address) -%}
    {%- set octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])' -%}
    {%- set quad = octet ~ '(?:[.]' ~ octet ~ '){3}' -%}
    {%- set text = 'lower(' ~ address ~ ')' -%}
    {%- set no_zone -%}
        case when {{ text }} like '%~%%' escape '~' then {{ replace_pattern(text, '%[^%/]+$', '') }} else {{ text }} end
    {%- endset -%}
    {#- The last 32 bits matter only where they are a mapped address: then the text of the quad is taken. -#}
    {%- set no_quad -%}
        case when {{ text }} like '%.%' then {{ replace_pattern(no_zone, ':' ~ quad ~ '$', ':0:0') }} else {{ no_zone }} end
    {%- endset -%}
    case
        when {{ matches_pattern(address, '^' ~ quad ~ '$') }} then {{ network_of_quad(address) }}
        when {{ address }} like '%:%'
            then {{ with_value(no_quad, 'hexadecimal', with_value(eight_groups('hexadecimal'), 'eight', ipv6_network('eight', no_zone))) }}
    end
{%- endmacro %}


{% macro network_of_quad(quad) %}trim(trailing '0123456789' from {{ quad }}) || '0/24'{% endmacro %}


{# All eight groups of an IPv6 address in lower case without a quad or zone; null for what is none. #}
{% macro eight_groups(address) -%}
    {%- set group = '[0-9a-f]{1,4}' -%}
    {%- set forms = ['(?:G:){7}G', '(?:G:){1,7}:', ':(?::G){1,7}', '::'] -%}
    {%- for before in range(1, 7) -%}
        {%- do forms.append('(?:G:){' ~ before ~ '}(?::G){1,' ~ (7 - before) ~ '}') -%}
    {%- endfor -%}
    {%- set closed -%}
        case when {{ address }} like ':%' then '0' else '' end
        || {{ address }}
        || case when {{ address }} like '%:' then '0' else '' end
    {%- endset -%}
    {%- set colons = '(length(closed) - length(replace(closed, \':\', \'\')))' -%}
    case
        when {{ matches_pattern(address, '^(?:' ~ forms | join('|') | replace('G', group) ~ ')$') }}
            then case
                when {{ address }} like '%::%'
                    then {{ with_value(closed, 'closed', "replace(closed, '::', ':' || repeat('0:', cast(8 - " ~ colons ~ " as int)))") }}
                else {{ address }}
            end
    end
{%- endmacro %}


{# The network of eight groups. `address` is the text that they were read from, which may end with a quad. #}
{% macro ipv6_network(eight, address) -%}
    {%- set three = "regexp_extract(" ~ eight ~ ", '^[0-9a-f]+:[0-9a-f]+:[0-9a-f]+', 0)" -%}
    {%- set short -%}
        case
            when {{ matches_pattern('three', '(?:^|:)0[0-9a-f]') }}
                then substr({{ replace_pattern("(':' || three)", ':0{0,3}([0-9a-f])', ':~1') }}, 2)
            else three
        end
    {%- endset -%}
    case
        when {{ matches_pattern(eight, '^(?:0+:){5}ffff:') }}
            then case
                when {{ address }} like '%.%' then {{ network_of_quad("split_part(" ~ address ~ ", ':', -1)") }}
                else {{ octets_of_groups(eight, 7) }} || '.0/24'
            end
        when {{ eight }} like '2002:%' then {{ octets_of_groups(eight, 2) }} || '.0/24'
        else {{ with_value(three, 'three', with_value(short, 'short', without_zero_groups('short'))) }} || '::/48'
    end
{%- endmacro %}


{% macro without_zero_groups(groups) -%}
    case
        when {{ groups }} = '0:0:0' then ''
        when {{ groups }} like '%:0' then {{ replace_pattern(groups, '(?::0)+$', '') }}
        else {{ groups }}
    end
{%- endmacro %}


{# The first three octets, in decimal, of the group `number` and the next. `instr` finds no zero: 0. #}
{% macro octets_of_groups(eight, number) -%}
    {%- set octets = [] -%}
    {%- for group, start in [(number, 1), (number, 3), (number + 1, 1)] -%}
        {%- set digits = "lpad(split_part(" ~ eight ~ ", ':', " ~ group ~ "), 4, '0')" -%}
        {%- set high = "instr('123456789abcdef', substr(" ~ digits ~ ', ' ~ start ~ ', 1))' -%}
        {%- set low = "instr('123456789abcdef', substr(" ~ digits ~ ', ' ~ (start + 1) ~ ', 1))' -%}
        {%- do octets.append('cast(' ~ high ~ ' * 16 + ' ~ low ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    {%- endfor -%}
    {{- octets | join(" || '.' || ") -}}
{%- endmacro %}


{# Whether a text matches a pattern. #}
{% macro matches_pattern(text, pattern) %}{{ return(adapter.dispatch('matches_pattern')(text, pattern)) }}{% endmacro %}

{% macro duckdb__matches_pattern(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}


{# The text with each match of a pattern replaced; `~1` in the replacement is the pattern's first group. #}
{% macro replace_pattern(text, pattern, replacement) -%}
    {{- return(adapter.dispatch('replace_pattern')(text, pattern, replacement)) -}}
{%- endmacro %}

{% macro duckdb__replace_pattern(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement | replace('~', '\\') }}', 'g')
{%- endmacro %}


{# An expression in which `name` has the given value, worked out once. SQL has no other word for it within a query. #}
{% macro with_value(value, name, expression) %}{{ return(adapter.dispatch('with_value')(value, name, expression)) }}{% endmacro %}

{% macro duckdb__with_value(value, name, expression) %}list_transform([{{ value }}], lambda {{ name }}: {{ expression }})[1]{% endmacro %}
