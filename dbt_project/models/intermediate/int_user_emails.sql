with

observations as (

    select * from {{ ref('int_user_observations') }}
    where email <> ''

),

ranked as (

    select
        *,
        row_number() over (partition by user_id order by last_moment desc, email desc) as position_from_last
    from observations

),

final as (

    select
        user_id,
        max(case when position_from_last = 1 then email end) as current_email,
        {{ ordered_list('email', 'first_moment, email') }} as emails
    from ranked
    group by user_id

)

select * from final
