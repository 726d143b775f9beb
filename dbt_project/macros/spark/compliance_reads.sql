{% macro spark__matches_whole(text, pattern) %}({{ text }} rlike '^(?:{{ pattern }})$'){% endmacro %}
