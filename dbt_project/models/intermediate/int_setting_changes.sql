with

changes as (

    select
        *,
        -- Personal settings name no object; the object is the person who changed them.
        case
            when
                object_id is null
                and (activity_type = 'claude_user_settings_updated' or activity_type like 'claude_code_user_%')
                then actor_id
            else object_id
        end as setting_object_id
    from {{ ref('configuration_changes') }}
    where setting is not null

),

final as (

    select
        {{ setting_key('organization_uuid', 'workspace_id', 'object_type', 'setting_object_id', 'setting') }}
            as setting_key,
        organization_uuid,
        workspace_id,
        object_type,
        setting_object_id as object_id,
        setting,
        previous_value,
        current_value as setting_value,
        activity_id,
        change_number,
        actor_id,
        actor_email,
        occurred_at
    from changes

)

select * from final
