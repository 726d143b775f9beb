{% macro spark__strings(texts) %}cast(array({{ texts | join(', ') }}) as array<string>){% endmacro %}


{% macro spark__now_utc() %}cast(to_utc_timestamp(current_timestamp(), current_timezone()) as timestamp_ntz){% endmacro %}
