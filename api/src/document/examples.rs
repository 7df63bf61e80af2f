//! Examples of requests and answers. Answers are made of the very types that answer, so that they cannot grow apart;
//! requests are read by the very types that read them, in the tests below.

mod books;
mod desk;
mod event;
mod identity;
mod location;
mod past;
mod values;
mod webhook;

use crate::page::{
    AccountImportPage, AccountPage, AlertPage, ApiKeyPage, AuditRecordPage, ConnectionLinkPage,
    DimensionImportPage, DimensionPage, EventPage, FindingPage, KnownKeyPage, LocationMappingPage,
    MappingChangePage, MappingPage, MappingSuggestionPage, MemberPage, PastSyncPage,
    ReconciliationPage, TenantPage, WebhookDeliveryPage, WebhookEndpointPage,
};
use crate::resource::health::Health;
use crate::resource::ingest::TakenIn;
use crate::resource::problem_code::ProblemCodes;
use crate::resource::problems::ProblemKinds;
use accounting::event::openapi::examples as financial_events;
use books::*;
use desk::*;
pub(super) use event::all_refused;
use event::*;
use identity::*;
use location::*;
use past::*;
use serde_json::{Value, json};
use service::api_key::ApiKey;
use service::chart::AccountImport;
use service::connection;
use service::connection::link::LinkState;
use service::dimension::ImportState;
use service::event::Event;
use service::mapping::SetRow;
use service::retry::RetriedEvent;
use service::sync;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, RefOr};
use values::*;
pub(super) use webhook::message;

/// Adds the examples of an operation.
pub(super) fn add(id: &str, operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for (kind, content) in &mut body.content {
            show(content, requests(id, kind));
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if !status.starts_with('2') {
            continue;
        }
        for (kind, content) in &mut response.content {
            show(content, answers(id, kind));
        }
    }
}

/// An example, and what it shows.
type Shown = (&'static str, Value);

fn show(content: &mut RefOr<Content>, examples: Vec<Shown>) {
    let RefOr::T(content) = content else {
        return;
    };
    for (summary, value) in examples {
        let name = summary
            .to_lowercase()
            .replace([' ', ','], "_")
            .replace("__", "_");
        content.examples.insert(
            name,
            ExampleBuilder::new()
                .summary(summary)
                .value(Some(value))
                .build()
                .into(),
        );
    }
}

fn requests(id: &str, kind: &str) -> Vec<Shown> {
    match id {
        "create_tenant" => vec![
            ("A tenant", json!({"name": "Harbour Street Outfitters"})),
            (
                "A tenant with policies",
                json!({"name": "Harbour Street Outfitters", "rounding_tolerance": "0.05", "net_lines": false,
                       "closed_period": "first_open_day"}),
            ),
        ],
        "update_settings" => vec![
            ("Another policy", json!({"closed_period": "first_open_day"})),
            ("A tolerance", json!({"rounding_tolerance": "0.05"})),
            ("No batches", json!({"batches": false})),
        ],
        "update_tenant" => vec![
            ("Suspend", json!({"status": "suspended"})),
            ("Another policy", json!({"closed_period": "first_open_day"})),
        ],
        "create_api_key" => vec![
            ("A key for everything", json!({"name": "back office"})),
            (
                "A key for an accountant's tool",
                json!({"name": "month's end", "role": "accountant"}),
            ),
            (
                "A key for a till",
                json!({"name": "point of sale", "scopes": ["events:write", "events:read"],
                       "expires_at": "2027-11-20T00:00:00Z"}),
            ),
        ],
        "rotate_api_key" => vec![
            ("A day to change over", json!({})),
            ("It leaked: end it at once", json!({"overlap_hours": 0})),
        ],
        "create_member" => vec![(
            "The accountant",
            json!({"subject": "auth0|6566b1f2c3", "role": "accountant", "name": "Ada, the accountant"}),
        )],
        "update_member" => vec![("Only to look", json!({"role": "read_only"}))],
        "issue_token" => vec![
            (
                "By a key that stands in the form",
                json!({"grant_type": "client_credentials", "client_id": "key_01jd5zk8x9e3qr0v7m2c4n6p8t",
                       "client_secret": "tp_test_01jd5zk8x9e3qr0v7m2c4n6p8t_…_9f86d081"}),
            ),
            (
                "Narrowed, by a key in the header",
                json!({"grant_type": "client_credentials", "scope": "events:write"}),
            ),
        ],
        "create_authorization_request" => vec![
            ("To a plain page", json!({})),
            (
                "Back to your settings",
                json!({"return_url": "https://pos.example.com/settings/quickbooks"}),
            ),
        ],
        "create_connection_link" => vec![
            ("For a week, to a plain page", json!({})),
            ("For a day", json!({"expires_in_hours": 24})),
        ],
        "set_mapping" => vec![
            (
                "One item class",
                json!({"slot": "revenue", "key": "apparel", "account_id": ACCOUNT}),
            ),
            (
                "A default",
                json!({"slot": "inventory_on_hand", "account_id": ACCOUNT}),
            ),
            (
                "At one location",
                json!({"slot": "payment", "key": "cash", "location": "boston", "account_id": ACCOUNT}),
            ),
        ],
        "set_mappings" => vec![(
            "Two rows",
            json!({"mappings": [
                {"slot": "revenue", "key": "apparel", "account_id": ACCOUNT},
                {"slot": "payment", "key": "card", "account_id": ACCOUNT},
            ]}),
        )],
        "clear_mappings" => vec![(
            "Two rows",
            json!({"mappings": [
                {"mapping_id": "map_01jd5zk8x9e3qr0v7m2c4n6p8t"},
                {"mapping_id": "map_01jd5zk8x9e3qr0v7m2c4n6p8v"},
            ]}),
        )],
        "create_account_creation" => vec![(
            "As a suggestion names it, mapped once it is there",
            json!({"name": "Paypal Clearing", "number": "1320", "account_type": "Other Current Asset",
                   "account_sub_type": "OtherCurrentAssets", "map_to": {"slot": "payment", "key": "paypal"}}),
        )],
        "apply_mapping_suggestions" => vec![
            (
                "All that are sure enough",
                json!({"all": true, "min_confidence": "medium"}),
            ),
            (
                "A chosen one",
                json!({"rows": [{"slot": "payment", "key": "card", "account_id": ACCOUNT}]}),
            ),
        ],
        "set_location_mappings" => vec![(
            "Two shops of one class",
            json!({"mappings": [
                {"location": "boston", "quickbooks_location_id": BOSTON, "quickbooks_class_id": RETAIL},
                {"location": "salem", "quickbooks_class_id": RETAIL},
            ]}),
        )],
        "declare_known_keys" => vec![(
            "Two payment types",
            json!({"keys": [
                {"kind": "payment_type", "key": "paypal"},
                {"kind": "payment_type", "key": "gift_card"},
            ]}),
        )],
        "take_in_events" if kind == "application/json" => {
            let all: Vec<Value> = financial_events()
                .into_iter()
                .map(|(_, event)| event)
                .collect();
            vec![
                ("A ticket", json!({"events": [all[0].clone()]})),
                ("Every type of transaction", json!({"events": all})),
            ]
        }
        "take_in_events" => {
            let lines: Vec<String> = financial_events()
                .into_iter()
                .take(2)
                .map(|(_, event)| event.to_string())
                .collect();
            vec![("Two lines", Value::String(lines.join("\n") + "\n"))]
        }
        "retry_failed_events" => vec![
            ("All", json!({})),
            (
                "Those with one problem",
                json!({"problem_code": "missing_mappings"}),
            ),
            (
                "Those with one of several",
                json!({"problem_codes": ["account_inactive", "reference_missing"]}),
            ),
        ],
        "dry_run_past_sync" => vec![
            (
                "Half a month",
                json!({"from_date": "2026-11-01", "to_date": "2026-11-15"}),
            ),
            (
                "Without asking QuickBooks",
                json!({"from_date": "2026-11-01", "to_date": "2026-11-15", "check_numbers": false,
                    "read_closing_date": false, "read_lists": false}),
            ),
        ],
        "create_reconciliation" => vec![
            (
                "Half a month",
                json!({"from_date": "2026-11-01", "to_date": "2026-11-15"}),
            ),
            (
                "With few reads a day",
                json!({"from_date": "2026-01-01", "to_date": "2026-11-15", "reads_per_day": 20}),
            ),
        ],
        "create_past_sync" => vec![(
            "Half a month",
            json!({"from_date": "2026-11-01", "to_date": "2026-11-15"}),
        )],
        "create_webhook_endpoint" => vec![
            (
                "Alerts only",
                json!({"url": "https://pos.example.com/webhooks/tillpost", "description": "point of sale",
                       "types": ["alert.opened", "alert.closed"]}),
            ),
            (
                "Every type",
                json!({"url": "https://pos.example.com/webhooks/tillpost"}),
            ),
        ],
        "update_webhook_endpoint" => vec![
            ("Disable", json!({"enabled": false})),
            ("Other types", json!({"types": ["event.failed"]})),
        ],
        "rotate_webhook_secret" => vec![
            ("Over two days", json!({"overlap_hours": 48})),
            ("At once, since it leaked", json!({"overlap_hours": 0})),
        ],
        "replay_webhook_messages" => vec![
            (
                "What did not arrive since a time",
                json!({"since": "2026-11-20T06:00:00Z", "undelivered_only": true}),
            ),
            (
                "A range of numbers",
                json!({"from_number": 40, "to_number": 49}),
            ),
        ],
        _ => Vec::new(),
    }
}

fn answers(id: &str, kind: &str) -> Vec<Shown> {
    let one = |value: Value| vec![("As it stands", value)];
    match id {
        "create_tenant" | "read_tenant" | "update_tenant" => one(json!(tenant())),
        "delete_tenant" => one(json!(deleted_tenant())),
        "list_tenants" => one(json!(TenantPage {
            items: vec![tenant()],
            next_cursor: None
        })),
        "create_api_key" => vec![("The only time the secret is shown", json!(new_api_key()))],
        "list_api_keys" => one(json!(ApiKeyPage {
            items: vec![api_key()],
            next_cursor: None
        })),
        "revoke_api_key" => vec![(
            "Revoked",
            json!(ApiKey {
                revoked_at: Some(at("2026-11-21T08:00:00Z")),
                ..api_key()
            }),
        )],
        "rotate_api_key" => vec![(
            "The only time the secret is shown",
            json!(rotated_api_key()),
        )],
        "create_member" => one(json!(member())),
        "list_members" => one(json!(MemberPage {
            items: vec![member()],
            next_cursor: None
        })),
        "read_member" => one(json!(member())),
        "update_member" => vec![(
            "Only to look",
            json!(service::member::Member {
                role: service::access::Role::ReadOnly,
                ..member()
            }),
        )],
        "remove_member" => vec![("As they were", json!(member()))],
        "issue_token" => vec![("For fifteen minutes", json!(issued_token()))],
        "read_token_keys" => vec![("One key", json!(token_keys()))],
        "read_authorization_server" => one(json!(crate::resource::oauth::authorization_server(
            "https://tillpost.example.com"
        ))),
        "read_connection" => vec![("Connected", json!(connection(connection::State::Connected)))],
        "disconnect" => vec![(
            "Disconnected",
            json!(connection(connection::State::Disconnected)),
        )],
        "create_authorization_request" => vec![("The link", json!(authorization_request()))],
        "create_connection_link" => vec![("The link", json!(new_connection_link()))],
        "list_connection_links" => one(json!(ConnectionLinkPage {
            items: vec![connection_link(LinkState::Used)],
            next_cursor: None
        })),
        "revoke_connection_link" => vec![("Ended", json!(connection_link(LinkState::Revoked)))],
        "create_account_import" => vec![(
            "Queued",
            json!(AccountImport {
                state: "queued".to_owned(),
                accounts_read: 0,
                finished_at: None,
                ..account_import()
            }),
        )],
        "list_account_imports" => one(json!(AccountImportPage {
            items: vec![account_import()],
            next_cursor: None
        })),
        "read_account_import" => vec![("Done", json!(account_import()))],
        "list_accounts" => one(json!(AccountPage {
            items: vec![account()],
            next_cursor: Some(ACCOUNT.to_owned()),
        })),
        "read_account" => one(json!(account())),
        "list_mappings" => one(json!(MappingPage {
            items: vec![mapping()],
            unmapped: vec![desk::missing_mapping()],
            next_cursor: None
        })),
        "set_mapping" => one(json!(SetRow {
            mapping: mapping(),
            cures: 12
        })),
        "list_mapping_changes" => one(json!(MappingChangePage {
            items: vec![mapping_change()],
            next_cursor: None
        })),
        "create_account_creation" => vec![("Queued", json!(account_creation(false)))],
        "read_account_creation" => vec![("Done", json!(account_creation(true)))],
        "list_mapping_suggestions" => vec![(
            "One account of the chart, one to create",
            json!(MappingSuggestionPage {
                items: suggestions(),
                next_cursor: None
            }),
        )],
        "apply_mapping_suggestions" => {
            vec![("One applied, one account is missing", json!(applied()))]
        }
        "read_mapping_readiness" => vec![("One account is missing", json!(readiness()))],
        "create_dimension_import" => {
            vec![("Queued", json!(dimension_import(ImportState::Queued)))]
        }
        "list_dimension_imports" => one(json!(DimensionImportPage {
            items: vec![dimension_import(ImportState::Done)],
            next_cursor: None
        })),
        "read_dimension_import" => vec![("Done", json!(dimension_import(ImportState::Done)))],
        "list_dimensions" => one(json!(DimensionPage {
            items: dimensions(),
            next_cursor: None
        })),
        "list_location_mappings" => vec![(
            "One mapped, one not",
            json!(LocationMappingPage {
                items: vec![location_mapping(), unmapped_location()],
                next_cursor: None
            }),
        )],
        "set_location_mappings" => vec![("One mapped, one refused", json!(mapped_locations()))],
        "list_known_keys" => one(json!(KnownKeyPage {
            items: vec![known_key()],
            next_cursor: None
        })),
        "declare_known_keys" => vec![("One declared, one known", json!(declared_keys()))],
        "set_mappings" => vec![("One set, one refused", json!(mapping_results()))],
        "clear_mappings" => vec![("One cleared, one unknown", json!(cleared_mappings()))],
        "take_in_events" if kind == "application/json" => {
            vec![(
                "One accepted, one refused",
                json!(TakenIn::new(vec![taken(), refused()])),
            )]
        }
        "take_in_events" => vec![("Two lines", Value::String(taken_lines()))],
        "list_events" => one(json!(EventPage {
            items: vec![failed_event(), event()],
            next_cursor: Some("AAZQmGpRYEABkwv5oZ1vJhh8eJkBHKqz".to_owned()),
        })),
        "export_events" => vec![("Two events", Value::String(exported()))],
        "read_event_counts" => one(json!(event_counts())),
        "read_event" => vec![("Synced", json!(event_detail()))],
        "preview_event" => vec![
            ("An entry", json!(preview())),
            ("Refused", json!(refused_preview())),
        ],
        "retry_event" => vec![(
            "Queued again",
            json!(RetriedEvent {
                event: Event {
                    status: "not_synced".to_owned(),
                    problem: None,
                    ..failed_event()
                },
                advice: None,
            }),
        )],
        "retry_failed_events" => vec![("Some", json!(retried()))],
        "read_sync" | "start_sync" => vec![(
            "Running",
            json!(sync(sync::State::Running, "Things are good")),
        )],
        "stop_sync" => vec![(
            "Stopped",
            json!(sync(
                sync::State::Stopped,
                "The sync is stopped: start it to post events."
            )),
        )],
        "read_settings" | "update_settings" => one(json!(settings())),
        "dry_run_past_sync" if kind == "application/json" => {
            vec![("One event lacks a mapping", json!(dry_run()))]
        }
        "read_past_sync_effect" if kind == "application/json" => {
            vec![("A few accounts", json!(effect()))]
        }
        "dry_run_past_sync" | "read_past_sync_effect" => {
            vec![("A few accounts", Value::String(effect_csv()))]
        }
        "create_past_sync" => vec![("Just begun", json!(running_past_sync()))],
        "cancel_past_sync" => vec![("Cancelled midway", json!(cancelled_past_sync()))],
        "list_past_syncs" => one(json!(PastSyncPage {
            items: vec![past_sync()],
            next_cursor: None
        })),
        "read_past_sync" => vec![("Finished", json!(past_sync()))],
        "create_reconciliation" => vec![("Queued", json!(queued_reconciliation()))],
        "list_reconciliations" => one(json!(ReconciliationPage {
            items: vec![reconciliation()],
            next_cursor: None
        })),
        "read_reconciliation" => vec![("Finished", json!(reconciliation()))],
        "list_findings" if kind == "application/json" => one(json!(FindingPage {
            items: vec![finding()],
            next_cursor: None
        })),
        "list_findings" => vec![("One finding", Value::String(findings_csv()))],
        "read_finding" => vec![("An entry that was changed", json!(finding()))],
        "accept_finding" => vec![("Accepted", json!(accepted_finding()))],
        "list_alerts" => one(json!(AlertPage {
            items: vec![alert()],
            next_cursor: None
        })),
        "read_alert" => vec![("Open", json!(alert()))],
        "acknowledge_alert" => vec![("Acknowledged", json!(acknowledged_alert()))],
        "create_webhook_endpoint" => {
            vec![(
                "The only time the secret is shown",
                json!(webhook::new_endpoint()),
            )]
        }
        "list_webhook_endpoints" => one(json!(WebhookEndpointPage {
            items: vec![webhook::endpoint()],
            next_cursor: None
        })),
        "read_webhook_endpoint" => one(json!(webhook::endpoint())),
        "update_webhook_endpoint" | "delete_webhook_endpoint" => {
            vec![("Disabled", json!(webhook::disabled_endpoint()))]
        }
        "rotate_webhook_secret" => {
            vec![(
                "The only time the new secret is shown",
                json!(webhook::new_secret()),
            )]
        }
        "test_webhook_endpoint" => vec![(
            "On its way",
            json!({"message_id": "msg_01jd5zk8x9e3qr0v7m2c4n6p8t"}),
        )],
        "replay_webhook_messages" => vec![("Ten messages", json!(webhook::replayed()))],
        "list_webhook_deliveries" => one(json!(WebhookDeliveryPage {
            items: vec![webhook::delivery()],
            next_cursor: None
        })),
        "read_webhook_delivery" => vec![(
            "Delivered at the second attempt",
            json!(webhook::delivery_detail()),
        )],
        "replay_webhook_delivery" => vec![("Waiting", json!(webhook::replayed_delivery()))],
        "list_audit_records" => one(json!(AuditRecordPage {
            items: vec![audit_record()],
            next_cursor: None
        })),
        "export_audit_log" => one(json!(audit_record())),
        "read_audit_head" => one(json!(audit_head())),
        "list_problems" | "read_problem" if kind == "text/html" => {
            vec![("How it begins", json!("<!doctype html>"))]
        }
        "list_problems" => vec![("Every kind", json!(ProblemKinds::all()))],
        "read_problem" => vec![("A cursor", json!(ProblemKinds::one("invalid_cursor")))],
        "list_problem_codes" => vec![("Every code", json!(ProblemCodes::all()))],
        "read_health" | "read_readiness" => vec![("Well", json!(Health { status: "ok" }))],
        "read_openapi" => vec![(
            "How it begins",
            json!({"openapi": "3.1.0", "info": {"title": "Tillpost"}}),
        )],
        "open_explorer" => vec![(
            "How it begins",
            json!("<!-- HTML for static distribution bundle build -->"),
        )],
        "open_connection_link" | "show_disconnected" | "show_reconnect" => {
            vec![("How it begins", json!("<!doctype html>"))]
        }
        "show_outcome" => vec![("How it begins", json!("<!doctype html>"))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::from_json;
    use crate::resource::known_key::DeclareKeys;
    use crate::resource::mapping::{ClearMappings, SetMappings};
    use crate::resource::suggestion::ApplySuggestions;
    use serde::de::DeserializeOwned;
    use service::location_mapping::SetLocationMapping;

    fn reads<T: DeserializeOwned>(operation: &str) {
        let examples = requests(operation, "application/json");
        assert!(!examples.is_empty(), "{operation}");
        for (summary, example) in examples {
            let read = from_json::<T>(example.to_string().as_bytes());
            assert!(read.is_ok(), "{operation}, {summary}: {:?}", read.err());
        }
    }

    // Rows that cannot be read would be no error of the whole.
    fn reads_rows<T: DeserializeOwned>(operation: &str, list: &str) {
        for (summary, example) in requests(operation, "application/json") {
            for row in example[list].as_array().unwrap() {
                let read = from_json::<T>(row.to_string().as_bytes());
                assert!(read.is_ok(), "{operation}, {summary}: {:?}", read.err());
            }
        }
    }

    #[test]
    fn every_example_of_a_request_is_read_by_what_reads_requests() {
        reads::<service::tenant::CreateTenant>("create_tenant");
        reads::<service::tenant::UpdateTenant>("update_tenant");
        reads::<service::api_key::CreateApiKey>("create_api_key");
        reads::<service::api_key::RotateApiKey>("rotate_api_key");
        reads::<service::member::CreateMember>("create_member");
        reads::<service::member::UpdateMember>("update_member");
        reads::<service::connection::CreateAuthorizationRequest>("create_authorization_request");
        reads::<service::connection::link::CreateConnectionLink>("create_connection_link");
        reads::<service::mapping::SetMapping>("set_mapping");
        reads::<SetMappings>("set_mappings");
        reads_rows::<service::mapping::SetMapping>("set_mappings", "mappings");
        reads_rows::<SetLocationMapping>("set_location_mappings", "mappings");
        reads::<ClearMappings>("clear_mappings");
        reads_rows::<service::mapping::ClearMapping>("clear_mappings", "mappings");
        reads::<DeclareKeys>("declare_known_keys");
        reads_rows::<service::known_key::DeclareKey>("declare_known_keys", "keys");
        reads::<service::account_creation::CreateAccount>("create_account_creation");
        reads::<ApplySuggestions>("apply_mapping_suggestions");
        reads::<service::retry::RetryFailed>("retry_failed_events");
        reads::<service::past_sync::CreatePastSync>("create_past_sync");
        reads::<service::past_sync::DryRunPastSync>("dry_run_past_sync");
        reads::<service::reconciliation::CreateReconciliation>("create_reconciliation");
        reads::<service::tenant::UpdateSettings>("update_settings");
        reads::<service::webhook::CreateEndpoint>("create_webhook_endpoint");
        reads::<service::webhook::UpdateEndpoint>("update_webhook_endpoint");
        reads::<service::webhook::RotateSecret>("rotate_webhook_secret");
        reads::<service::webhook::Replay>("replay_webhook_messages");
        for (summary, example) in requests("take_in_events", "application/json") {
            for event in example["events"].as_array().unwrap() {
                let read = accounting::Event::parse(event.to_string().as_bytes());
                assert!(read.is_ok(), "{summary}: {:?}", read.err());
            }
        }
        for (_, example) in requests("take_in_events", "application/x-ndjson") {
            for line in example.as_str().unwrap().lines() {
                assert!(accounting::Event::parse(line.as_bytes()).is_ok(), "{line}");
            }
        }
    }

    #[test]
    fn slots_in_examples_are_slots() {
        for (_, example) in requests("set_mapping", "application/json") {
            let slot = example["slot"].as_str().unwrap();
            assert!(slot.parse::<accounting::Slot>().is_ok(), "{slot}");
        }
    }
}
