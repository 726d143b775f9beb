{#
  Lists that belong to a parent, not to one of its organizations. Which parent, no field says: see
  `int_directory_parents`.
#}
{% macro lists_of_the_parent() -%}
    ('organizations', 'groups', 'compliance_keys')
{%- endmacro %}
