{% macro spark__text_array(texts) %}cast(array({{ texts | join(', ') }}) as array<string>){% endmacro %}


{% macro spark__drop_uncited(detected) %}{% endmacro %}
