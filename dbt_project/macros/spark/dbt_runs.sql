{% macro spark__now_utc() %}cast(to_utc_timestamp(current_timestamp(), current_timezone()) as timestamp_ntz){% endmacro %}
