{{ setting_rule(
    [
        'code_execution_network_egress_enabled=true',
        'code_execution_domain_allowlist_template_changed=full_egress',
    ],
    "'Code that Claude runs can reach the network: ' || setting || '.'"
) }}
