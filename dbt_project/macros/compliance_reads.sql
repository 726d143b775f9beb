{# What reading the requests of the Compliance API needs of an engine. #}

{# The path of a URL, without scheme, host, query and fragment; null where it has none. #}
{% macro url_path(url) -%}
    nullif(regexp_extract({{ url }}, '^(?:[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*)?(/[^?#]*)', 1), '')
{%- endmacro %}


{#
  A path with `{id}` in the place of every segment that names one thing: an email; a UUID; or a word, an underscore, a
  digit and at least nine more letters and digits, as in `claude_chat_01AbC…`.
#}
{% macro path_without_ids(path) %}{{ return(adapter.dispatch('path_without_ids')(path)) }}{% endmacro %}

{% macro duckdb__path_without_ids(path) -%}
    regexp_replace({{ path }}, {{ id_segment() }}, '/{id}', 'g')
{%- endmacro %}

{% macro spark__path_without_ids(path) %}regexp_replace({{ path }}, {{ id_segment() }}, '/{id}'){% endmacro %}

{% macro id_segment() -%}
    '/(?:[^/]*(?:@|%40)[^/]*|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[a-z][a-z_]*_[0-9][0-9A-Za-z]{9,})'
{%- endmacro %}
