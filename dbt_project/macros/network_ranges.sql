{# Networks as ranges of addresses, for allowlists. Addresses are parsed in `networks.sql`. #}

{#
  First address of a network, or an address itself, as text whose order is that of the addresses, as
  `4:203.000.113.000` or `6:2001:0db8:0001:0000:…`; null if it is neither. An IPv6 address that embeds an IPv4 address
  is that IPv4 address. `orchestration.detections.file` writes the networks of an allowlist in the same form.
#}
{% macro first_address(network) -%}
    {%- set address = "split_part(" ~ network ~ ", '/', 1)" -%}
    {%- set no_zone = replace_pattern("lower(" ~ address ~ ")", '%.*$', '') -%}
    {{- by_family(address, no_zone, padded_quad(address), padded_groups('eight', no_zone)) -}}
{%- endmacro %}


{# Last address of a network as in `marts.activities` (/24 or /48), or an address itself, in the form of the first. #}
{% macro last_address(network) -%}
    {%- set last -%}
        case
            when {{ network }} like '%/24' then substr(first, 1, 14) || '255'
            when {{ network }} like '%/48' then substr(first, 1, 16) || repeat(':ffff', 5)
            else first
        end
    {%- endset -%}
    {{- with_value(first_address(network), 'first', last) -}}
{%- endmacro %}


{% macro padded_quad(quad) -%}
    '4:'
    {%- for part in range(1, 5) %} || {{ "'.' || " if not loop.first }}lpad(split_part({{ quad }}, '.', {{ part }}), 3, '0'){% endfor -%}
{%- endmacro %}


{# From eight groups. `address` is the text they were read from, which may end with a quad. #}
{% macro padded_groups(eight, address) -%}
    case
        when {{ matches_pattern(eight, '^(?:0+:){5}ffff:') }} and {{ address }} like '%.%'
            then {{ with_value("split_part(" ~ address ~ ", ':', -1)", 'quad', padded_quad('quad')) }}
        when {{ matches_pattern(eight, '^(?:0+:){5}ffff:') }}
            then {{ with_value(octets_of_groups(eight, 7, 4), 'quad', padded_quad('quad')) }}
        when {{ eight }} is not null then '6:'
            {%- for part in range(1, 9) %} || {{ "':' || " if not loop.first }}lpad(split_part({{ eight }}, ':', {{ part }}), 4, '0'){% endfor %}
    end
{%- endmacro %}
