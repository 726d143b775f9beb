{#
  Network of an IP address. Addresses are compared by network, because an address identifies a person and a network
  rarely does. No other code parses addresses; `marts.activities` has the result in `actor_network`.

  Patterns have no backslashes, which Spark would interpret, and no capturing groups, without which DuckDB matches five
  times as fast. Rare forms are handled inside a `case`, so that other addresses do not pay for them. Measured on 1M
  addresses: 0.7 s of CPU for IPv4, 3.5 s for IPv6.
#}

{#
  First 24 bits of an IPv4 address as `203.0.113.0/24`, first 48 of an IPv6 address as `2001:db8:1::/48`; null if the
  text is not an address. Accepts every spelling of an IPv6 address, with or without a zone. One that embeds an IPv4
  address (mapped, or 6to4, whose first 48 bits contain all of it) is treated as that IPv4 address.
#}
{% macro ip_network(address) -%}
    {%- set text = 'lower(' ~ address ~ ')' -%}
    {%- set no_zone -%}
        case when {{ text }} like '%~%%' escape '~' then {{ replace_pattern(text, '%[^%/]+$', '') }} else {{ text }} end
    {%- endset -%}
    {{- by_family(address, no_zone, network_of_quad(address), ipv6_network('eight', no_zone)) -}}
{%- endmacro %}


{#
  `ipv4` if the text is an IPv4 address, `ipv6`, an expression of its groups `eight`, if it is an IPv6 address; else null.
  `no_zone` is the text in lower case without a zone.
#}
{% macro by_family(address, no_zone, ipv4, ipv6) -%}
    {%- set octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])' -%}
    {%- set quad = octet ~ '(?:[.]' ~ octet ~ '){3}' -%}
    {#- The last 32 bits matter only for a mapped address, for which the quad is read from the text. -#}
    {%- set no_quad -%}
        case when {{ address }} like '%.%' then {{ replace_pattern(no_zone, ':' ~ quad ~ '$', ':0:0') }} else {{ no_zone }} end
    {%- endset -%}
    case
        when {{ matches_pattern(address, '^' ~ quad ~ '$') }} then {{ ipv4 }}
        when {{ address }} like '%:%'
            then {{ with_value(no_quad, 'hexadecimal', with_value(eight_groups('hexadecimal'), 'eight', ipv6)) }}
    end
{%- endmacro %}


{% macro network_of_quad(quad) %}trim(trailing '0123456789' from {{ quad }}) || '0/24'{% endmacro %}


{# All eight groups of a lower-case IPv6 address without quad and zone; null if it is not an address. #}
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


{# Network of eight groups. `address` is the text they were read from, which may end with a quad. #}
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


{# First octets, in decimal, of group `number` and the next. `instr` returns 0 for the digit zero. #}
{% macro octets_of_groups(eight, number, count=3) -%}
    {%- set octets = [] -%}
    {%- for group, start in [(number, 1), (number, 3), (number + 1, 1), (number + 1, 3)][:count] -%}
        {%- set digits = "lpad(split_part(" ~ eight ~ ", ':', " ~ group ~ "), 4, '0')" -%}
        {%- set high = "instr('123456789abcdef', substr(" ~ digits ~ ', ' ~ start ~ ', 1))' -%}
        {%- set low = "instr('123456789abcdef', substr(" ~ digits ~ ', ' ~ (start + 1) ~ ', 1))' -%}
        {%- do octets.append('cast(' ~ high ~ ' * 16 + ' ~ low ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    {%- endfor -%}
    {{- octets | join(" || '.' || ") -}}
{%- endmacro %}


{# Whether a pattern matches anywhere in a text. #}
{% macro matches_pattern(text, pattern) %}{{ return(adapter.dispatch('matches_pattern')(text, pattern)) }}{% endmacro %}

{% macro duckdb__matches_pattern(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}


{# Text with each match of a pattern replaced; `~1` in the replacement is the pattern's first group. #}
{% macro replace_pattern(text, pattern, replacement) -%}
    {{- return(adapter.dispatch('replace_pattern')(text, pattern, replacement)) -}}
{%- endmacro %}

{% macro duckdb__replace_pattern(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement | replace('~', '\\') }}', 'g')
{%- endmacro %}


{# Expression in which `name` is bound to a value that is computed once; SQL has no `let`. #}
{% macro with_value(value, name, expression) %}{{ return(adapter.dispatch('with_value')(value, name, expression)) }}{% endmacro %}

{% macro duckdb__with_value(value, name, expression) %}list_transform([{{ value }}], lambda {{ name }}: {{ expression }})[1]{% endmacro %}
