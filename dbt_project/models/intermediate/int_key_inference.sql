with

newest as (

    select max(occurred_at) as occurred_at from {{ ref('activities') }}

),

daily as (

    select
        {{ id_suffix('key_id') }} as key_group,
        usage_date,
        sum(token_count) as token_count
    from {{ ref('key_usage_daily') }}
    where key_id is not null
    group by {{ id_suffix('key_id') }}, usage_date

),

-- The 30 days that had closed at the newest activity.
final as (

    select
        daily.key_group,
        max(case when daily.token_count > 0 then daily.usage_date end) as last_inference_date,
        cast(coalesce(sum(
            case
                when
                    daily.usage_date >= cast(newest.occurred_at as date) - {{ span(30, 'day') }}
                    and daily.usage_date < cast(newest.occurred_at as date)
                    then daily.token_count
            end
        ), 0) as {{ dbt.type_bigint() }}) as inference_token_count_last_30_days
    from daily
    cross join newest
    group by daily.key_group

)

select * from final
