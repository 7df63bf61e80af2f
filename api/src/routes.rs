//! Every route on one page. A row is a method, a path and the handler of an operation; the handler's name is the
//! operation's id, in [`service::access::OPERATIONS`], in the OpenAPI document and in the log.

use crate::resource::{
    account, account_creation, alert, api_key, audit, connection, event, event_export, explorer,
    flow, health, ingest, intuit, known_key, link, location, mapping, member, oauth, past_sync,
    problem_code, problems, readiness, reconciliation, settings, suggestion, sync, tenant,
    webhook_delivery, webhook_endpoint,
};
use crate::routing::routes;

routes! {
    // Nobody passes without the scope that the table of operations asks for.
    guarded {
        post   "/v1/tenants" => tenant::create_tenant;
        get    "/v1/tenants" => tenant::list_tenants;
        get    "/v1/tenants/{tenant_id}" => tenant::read_tenant;
        patch  "/v1/tenants/{tenant_id}" => tenant::update_tenant;
        delete "/v1/tenants/{tenant_id}" => tenant::delete_tenant;

        get    "/v1/tenants/{tenant_id}/settings" => settings::read_settings;
        patch  "/v1/tenants/{tenant_id}/settings" => settings::update_settings;

        post   "/v1/tenants/{tenant_id}/api-keys" => api_key::create_api_key;
        get    "/v1/tenants/{tenant_id}/api-keys" => api_key::list_api_keys;
        delete "/v1/tenants/{tenant_id}/api-keys/{api_key_id}" => api_key::revoke_api_key;
        post   "/v1/tenants/{tenant_id}/api-keys/{api_key_id}/rotate" => api_key::rotate_api_key;

        post   "/v1/tenants/{tenant_id}/members" => member::create_member;
        get    "/v1/tenants/{tenant_id}/members" => member::list_members;
        get    "/v1/tenants/{tenant_id}/members/{member_id}" => member::read_member;
        patch  "/v1/tenants/{tenant_id}/members/{member_id}" => member::update_member;
        delete "/v1/tenants/{tenant_id}/members/{member_id}" => member::remove_member;

        get    "/v1/tenants/{tenant_id}/connection" => connection::read_connection;
        delete "/v1/tenants/{tenant_id}/connection" => connection::disconnect;
        post   "/v1/tenants/{tenant_id}/connection/authorization-requests" => connection::create_authorization_request;
        post   "/v1/tenants/{tenant_id}/connection/links" => link::create_connection_link;
        get    "/v1/tenants/{tenant_id}/connection/links" => link::list_connection_links;
        delete "/v1/tenants/{tenant_id}/connection/links/{connection_link_id}" => link::revoke_connection_link;

        post   "/v1/tenants/{tenant_id}/account-imports" => account::create_account_import;
        get    "/v1/tenants/{tenant_id}/account-imports" => account::list_account_imports;
        get    "/v1/tenants/{tenant_id}/account-imports/{account_import_id}" => account::read_account_import;
        post   "/v1/tenants/{tenant_id}/account-creations" => account_creation::create_account_creation;
        get    "/v1/tenants/{tenant_id}/account-creations/{account_creation_id}" => account_creation::read_account_creation;
        get    "/v1/tenants/{tenant_id}/accounts" => account::list_accounts;
        get    "/v1/tenants/{tenant_id}/accounts/{account_id}" => account::read_account;
        delete "/v1/tenants/{tenant_id}/accounts/{account_id}" => account::delete_account;

        get    "/v1/tenants/{tenant_id}/mappings" => mapping::list_mappings;
        put    "/v1/tenants/{tenant_id}/mappings" => mapping::set_mapping;
        post   "/v1/tenants/{tenant_id}/mappings/bulk" => mapping::set_mappings;
        post   "/v1/tenants/{tenant_id}/mappings/clear" => mapping::clear_mappings;
        delete "/v1/tenants/{tenant_id}/mappings/{mapping_id}" => mapping::clear_mapping;

        post   "/v1/tenants/{tenant_id}/dimension-imports" => location::create_dimension_import;
        get    "/v1/tenants/{tenant_id}/dimension-imports" => location::list_dimension_imports;
        get    "/v1/tenants/{tenant_id}/dimension-imports/{dimension_import_id}" => location::read_dimension_import;
        get    "/v1/tenants/{tenant_id}/dimensions" => location::list_dimensions;
        get    "/v1/tenants/{tenant_id}/location-mappings" => location::list_location_mappings;
        put    "/v1/tenants/{tenant_id}/location-mappings" => location::set_location_mappings;
        delete "/v1/tenants/{tenant_id}/location-mappings/{location_mapping_id}" => location::clear_location_mapping;

        get    "/v1/tenants/{tenant_id}/mapping-changes" => mapping::list_mapping_changes;
        get    "/v1/tenants/{tenant_id}/mapping-suggestions" => suggestion::list_mapping_suggestions;
        post   "/v1/tenants/{tenant_id}/mapping-suggestions/apply" => suggestion::apply_mapping_suggestions;
        get    "/v1/tenants/{tenant_id}/readiness" => readiness::read_mapping_readiness;
        get    "/v1/tenants/{tenant_id}/known-keys" => known_key::list_known_keys;
        post   "/v1/tenants/{tenant_id}/known-keys" => known_key::declare_known_keys;
        delete "/v1/tenants/{tenant_id}/known-keys" => known_key::forget_known_key;

        post   "/v1/tenants/{tenant_id}/events" => ingest::take_in_events;
        get    "/v1/tenants/{tenant_id}/events" => event::list_events;
        get    "/v1/tenants/{tenant_id}/events/export" => event_export::export_events;
        get    "/v1/tenants/{tenant_id}/events/counts" => event::read_event_counts;
        get    "/v1/tenants/{tenant_id}/events/{event_id}" => event::read_event;
        get    "/v1/tenants/{tenant_id}/events/{event_id}/preview" => event::preview_event;
        post   "/v1/tenants/{tenant_id}/events/{event_id}/retry" => event::retry_event;
        post   "/v1/tenants/{tenant_id}/retry-failed" => event::retry_failed_events;

        get    "/v1/tenants/{tenant_id}/sync" => sync::read_sync;
        post   "/v1/tenants/{tenant_id}/sync/start" => sync::start_sync;
        post   "/v1/tenants/{tenant_id}/sync/stop" => sync::stop_sync;

        post   "/v1/tenants/{tenant_id}/past-syncs" => past_sync::create_past_sync;
        get    "/v1/tenants/{tenant_id}/past-syncs" => past_sync::list_past_syncs;
        post   "/v1/tenants/{tenant_id}/past-syncs/dry-run" => past_sync::dry_run_past_sync;
        get    "/v1/tenants/{tenant_id}/past-syncs/{past_sync_id}" => past_sync::read_past_sync;
        get    "/v1/tenants/{tenant_id}/past-syncs/{past_sync_id}/effect" => past_sync::read_past_sync_effect;
        post   "/v1/tenants/{tenant_id}/past-syncs/{past_sync_id}/cancel" => past_sync::cancel_past_sync;

        post   "/v1/tenants/{tenant_id}/reconciliations" => reconciliation::create_reconciliation;
        get    "/v1/tenants/{tenant_id}/reconciliations" => reconciliation::list_reconciliations;
        get    "/v1/tenants/{tenant_id}/reconciliations/{reconciliation_id}" => reconciliation::read_reconciliation;
        get    "/v1/tenants/{tenant_id}/findings" => reconciliation::list_findings;
        get    "/v1/tenants/{tenant_id}/findings/{finding_id}" => reconciliation::read_finding;
        post   "/v1/tenants/{tenant_id}/findings/{finding_id}/accept" => reconciliation::accept_finding;

        get    "/v1/tenants/{tenant_id}/alerts" => alert::list_alerts;
        get    "/v1/tenants/{tenant_id}/alerts/{alert_id}" => alert::read_alert;
        post   "/v1/tenants/{tenant_id}/alerts/{alert_id}/acknowledge" => alert::acknowledge_alert;

        post   "/v1/tenants/{tenant_id}/webhook-endpoints" => webhook_endpoint::create_webhook_endpoint;
        get    "/v1/tenants/{tenant_id}/webhook-endpoints" => webhook_endpoint::list_webhook_endpoints;
        get    "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}" => webhook_endpoint::read_webhook_endpoint;
        patch  "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}" => webhook_endpoint::update_webhook_endpoint;
        delete "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}" => webhook_endpoint::delete_webhook_endpoint;
        post   "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/rotate-secret" => webhook_endpoint::rotate_webhook_secret;
        post   "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/test" => webhook_endpoint::test_webhook_endpoint;
        post   "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/replays" => webhook_delivery::replay_webhook_messages;
        get    "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/deliveries" => webhook_delivery::list_webhook_deliveries;
        get    "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/deliveries/{webhook_message_id}" => webhook_delivery::read_webhook_delivery;
        post   "/v1/tenants/{tenant_id}/webhook-endpoints/{webhook_endpoint_id}/deliveries/{webhook_message_id}/replay" => webhook_delivery::replay_webhook_delivery;

        get    "/v1/tenants/{tenant_id}/audit-log" => audit::list_audit_records;
        get    "/v1/tenants/{tenant_id}/audit-log/export" => audit::export_audit_log;
        get    "/v1/tenants/{tenant_id}/audit-log/head" => audit::read_audit_head;
    }

    // Anybody may. What leads a browser through Intuit is bound by secrets of its own.
    open {
        once   "/v1/connect/{start}" => flow::open_connect_link;
        once   "/v1/oauth/callback" => flow::finish_authorization;
        get    "/v1/connected" => flow::show_outcome;
        get    "/v1/links/{link}" => link::open_connection_link;
        once   "/v1/links/{link}/begin" => link::begin_connection_link;
        get    "/v1/intuit/disconnected" => intuit::show_disconnected;
        get    "/v1/intuit/reconnect" => intuit::show_reconnect;
        post   "/v1/intuit/notifications" => intuit::receive_notifications;

        post   "/v1/oauth/token" => oauth::issue_token;
        get    "/.well-known/jwks.json" => oauth::read_token_keys;
        get    "/.well-known/oauth-authorization-server" => oauth::read_authorization_server;

        get    "/v1/problem-codes" => problem_code::list_problem_codes;
        get    "/problems" => problems::list_problems;
        get    "/problems/{code}" => problems::read_problem;

        get    "/healthz" => health::read_health;
        get    "/readyz" => health::read_readiness;
        get    "/openapi.json" => explorer::read_openapi;
        get    "/explorer/" => explorer::open_explorer;
    }
}

#[cfg(test)]
mod tests;
