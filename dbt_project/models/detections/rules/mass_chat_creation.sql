{{ volume_rule('mass_chat_creation', 'chat_creation', 'new chats') }}
