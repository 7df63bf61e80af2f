//! The problems an operation can answer with, each with an example out of the very code that answers with it.

use crate::parameter;
use crate::problem::{self, Problem};
use actix_web::http::StatusCode;
use serde_json::json;
use service::access::{self, Scope};
use utoipa::PartialSchema;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response};

/// Whether an operation has a parameter there.
pub(super) fn takes(operation: &Operation, place: &ParameterIn) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(
        |parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == *place),
    )
}

/// Adds the problems that follow from what the operation is; those it describes itself are completed.
pub(super) fn add(path: &str, id: &str, guarded: bool, operation: &mut Operation) {
    let by_browser = !guarded
        && operation
            .responses
            .responses
            .iter()
            .any(|(status, response)| {
                status == "302"
                    || matches!(response, RefOr::T(response) if response.content.contains_key("text/html"))
            });
    let has_body = operation.request_body.is_some();
    let has_query = takes(operation, &ParameterIn::Query);
    let has_header = takes(operation, &ParameterIn::Header);
    let has_content = operation
        .responses
        .responses
        .iter()
        .any(|(status, response)| {
            status.starts_with('2')
                && matches!(response, RefOr::T(response) if !response.content.is_empty())
        });
    let takes_nothing = !by_browser && !has_body && !has_query && !has_header;
    let mut add = |status: u16, words: &str| {
        operation
            .responses
            .responses
            .entry(status.to_string())
            .or_insert_with(|| Response::new(words).into());
    };
    let is_health = matches!(id, "read_health" | "read_readiness");
    // Where an operation has no parameters, one that is sent is refused.
    if has_body || has_query || has_header || !(is_health || by_browser) {
        add(400, "The body, a parameter or a header cannot be read");
    }
    if guarded {
        add(401, "No key, or one that does not hold");
        add(403, "The key lacks the scope");
        if has_body || has_query {
            add(
                422,
                "What was sent is read and cannot be met; says which field and how to mend it",
            );
        }
    }
    if has_content && !is_health {
        add(
            406,
            "None of the kinds of body that the answer could have is accepted",
        );
    }
    if path.contains("{tenant_id}") {
        add(404, "What was named is not there, or is not yours");
    }
    if has_body {
        add(408, "The body came too slowly");
        add(413, "The body is too large");
        add(415, "The body is of another kind than is taken here");
    }
    if !is_health {
        add(
            503,
            "The database does not answer, or too much is asked at once; try again after Retry-After",
        );
    }
    if guarded
        || path.starts_with("/v1/connect/")
        || path.starts_with("/v1/oauth/")
        || path.starts_with("/v1/links/")
        || id == "receive_notifications"
    {
        add(500, "A mistake of ours; tell us the X-Request-Id");
    }
    if guarded {
        add(
            429,
            "The key, or the tenant, has made more requests than it may; come again after Retry-After",
        );
    } else if !is_health {
        add(
            429,
            "More requests have come from the sender's address, or for the link, than may; come again after Retry-After",
        );
    }
    if path == "/readyz" {
        add(503, "They cannot: says what does not answer");
    }
    if by_browser {
        for status in ["429", "503"] {
            if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
                let page = ContentBuilder::new()
                    .schema(Some(String::schema()))
                    .example(Some(json!("<!doctype html>…")))
                    .build();
                response.content.insert("text/html".to_owned(), page.into());
            }
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let Ok(status @ 400..) = status.parse::<u16>() else {
            continue;
        };
        if let RefOr::T(response) = response {
            response.content.insert(
                problem::MEDIA_TYPE.to_owned(),
                ContentBuilder::new()
                    .schema(Some(Ref::from_schema_name("Problem")))
                    .example(Some(json!(example(status, id, takes_nothing).body())))
                    .build()
                    .into(),
            );
        }
    }
}

fn example(status: u16, id: &str, takes_nothing: bool) -> Problem {
    let new = |status: StatusCode, code: &str, detail: &str| Problem::new(status, code, detail);
    match status {
        400 if takes_nothing => parameter::not_here("colour"),
        400 if id.starts_with("clear_") || id.starts_with("read_") => new(
            StatusCode::BAD_REQUEST,
            "invalid_header",
            "the header If-Match is no ETag: send one as it was answered, in its quotation marks, or `*`",
        ),
        400 if id == "receive_notifications" => new(
            StatusCode::BAD_REQUEST,
            "unreadable_notification",
            "the body is neither a list of CloudEvents nor an object with eventNotifications",
        ),
        400 if takes_json(id) => new(
            StatusCode::BAD_REQUEST,
            "malformed_json",
            "the body is not JSON: line 1, column 9: expected value; mend it there",
        ),
        400 => new(
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
            "the parameter `limit`: is not a whole number from 0 up; write digits only",
        )
        .with_field(
            "limit",
            "invalid_parameter",
            "is not a whole number from 0 up; write digits only",
        ),
        401 if id == "receive_notifications" => new(
            StatusCode::UNAUTHORIZED,
            "invalid_signature",
            "the header intuit-signature is missing or does not sign this body; check the verifier token on both sides",
        ),
        401 => Problem::unauthenticated(
            "send the header `Authorization: Bearer <API key>`; the platform's credential creates a tenant's first key",
            false,
        ),
        403 => Problem::insufficient_scope(access::scope_of(id).unwrap_or(Scope::PlatformTenants)),
        404 => Problem::not_found(),
        406 => Problem::not_acceptable(&["application/json".to_owned()]),
        408 => new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            "the body did not arrive within 30 seconds; send it again",
        ),
        409 => conflict(id),
        412 if !id.contains("mapping") => new(
            StatusCode::PRECONDITION_FAILED,
            "changed_meanwhile",
            "the settings changed since you read it: the ETag is now \"5f1c…\"; read it again, and send what you want with the new If-Match",
        ),
        412 => new(
            StatusCode::PRECONDITION_FAILED,
            "mapping_changed",
            "the mapping was changed since you read it: its ETag is now \"con_01jd5zk8x9e3qr0v7m2c4n6p8t-8\"; read it again, and send what you want with the new If-Match",
        ),
        413 => new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "a body here has at most 256 KiB: send less at once (events of any number go as application/x-ndjson)",
        ),
        415 => new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "say what the body is: send the header `Content-Type: application/json`",
        ),
        422 => unprocessable(id),
        429 if access::scope_of(id).is_none() && id != "issue_token" => new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "more requests than there may be (3000 requests in 60 s for an address); come again in 1 s",
        ),
        429 => new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "more requests than there may be (6000 requests in 60 s for a key); come again in 1 s, and send up to 1,000 events in one request",
        ),
        502 => new(
            StatusCode::BAD_GATEWAY,
            "quickbooks_unreachable",
            "Intuit could not be asked where consent is given; open a new link in a moment",
        ),
        503 => Problem::unavailable(
            "our database does not answer at the moment; try again in a few seconds",
        ),
        _ => Problem::internal(),
    }
}

fn takes_json(id: &str) -> bool {
    !(id.starts_with("list_") || id.starts_with("finish_") || id.starts_with("show_"))
}

fn conflict(id: &str) -> Problem {
    let (code, detail) = match id {
        "retry_event" => (
            "event_not_failed",
            "event evt_01jd5zk8x9e3qr0v7m2c4n6p8t is synced: there is nothing to retry",
        ),
        "update_tenant" | "create_api_key" => (
            "tenant_deleted",
            "the tenant was deleted: its keys, its connection and its secrets are gone for good; make a new tenant",
        ),
        "create_account_creation" => (
            "account_exists",
            "the chart has an account `Paypal Clearing`, or it is being created already: map that one, or choose another name",
        ),
        "forget_known_key" => (
            "key_in_use",
            "events carry the payment type `cash`, so it stays known; map it instead",
        ),
        "rotate_api_key" => (
            "key_rotated",
            "key_01kahv9r6be7wt2m4y8n0q5s3d took this key's place already: rotate that one",
        ),
        "create_member" => (
            "already_member",
            "that person is a member already: change their role instead",
        ),
        "update_member" | "remove_member" => (
            "last_owner",
            "this is the tenant's only owner: make somebody else an owner first",
        ),
        "create_webhook_endpoint" => (
            "too_many_endpoints",
            "there are 20 endpoints already; delete one first",
        ),
        "test_webhook_endpoint" | "replay_webhook_messages" | "replay_webhook_delivery" => (
            "endpoint_disabled",
            "the endpoint is disabled, so nothing is sent to it; enable it first",
        ),
        "create_past_sync" => (
            "sync_stopped",
            "the sync is stopped; start it before past events are synced",
        ),
        "create_account_import"
        | "create_dimension_import"
        | "disconnect"
        | "list_accounts"
        | "list_dimensions"
        | "list_mappings"
        | "list_location_mappings"
        | "set_mapping"
        | "set_mappings"
        | "clear_mappings"
        | "set_location_mappings"
        | "apply_mapping_suggestions"
        | "list_mapping_suggestions"
        | "start_sync"
        | "create_reconciliation"
        | "dry_run_past_sync" => (
            "not_connected",
            "no QuickBooks company is connected; create an authorization request and open its link in a browser",
        ),
        _ => (
            "idempotency_key_reused",
            "this Idempotency-Key came with another request before (another body, path, header or caller); send a new key with a new request",
        ),
    };
    Problem::new(StatusCode::CONFLICT, code, detail)
}

fn unprocessable(id: &str) -> Problem {
    let (code, field, detail) = match id {
        "take_in_events" => return super::examples::all_refused(),
        "set_mapping" | "set_mappings" => (
            "unknown_field",
            "acount_id",
            "unknown field `acount_id`, expected one of `slot`, `key`, `location`, `account_id`; leave it out or spell it so",
        ),
        "create_account_creation" => (
            "unknown_account_type",
            "account_type",
            "`Asset` is no type of account that a slot could use; use one of Bank, Cost of Goods Sold, …",
        ),
        "apply_mapping_suggestions" => (
            "nothing_chosen",
            "rows",
            "say which suggestions: either `\"all\": true`, or the chosen `rows`",
        ),
        "list_accounts" => (
            "unknown_account_type",
            "type",
            "`Bnak` is no type of account; use one of Bank, Accounts Receivable, Other Current Asset, …",
        ),
        "list_mapping_changes" => (
            "unknown_slot",
            "slot",
            "`sales` is no slot; use one of payment, deposit, revenue, …",
        ),
        "list_known_keys" | "forget_known_key" => (
            "unknown_kind",
            "kind",
            "`tender` is no kind of key; use one of payment_type, item_class, …",
        ),
        "list_dimensions" => (
            "unknown_kind",
            "kind",
            "there are Locations and Classes; use `location` or `class`",
        ),
        "set_location_mappings" | "clear_mappings" => (
            "no_mappings",
            "mappings",
            "the list is empty: send 1 to 1000 mappings",
        ),
        "declare_known_keys" => ("no_keys", "keys", "0 keys at once: send 1 to 1000"),
        "create_authorization_request" => (
            "invalid_return_url",
            "return_url",
            "a browser may be sent only below: https://pos.example.com/",
        ),
        "create_past_sync" | "dry_run_past_sync" | "create_reconciliation" => (
            "invalid_window",
            "to_date",
            "the window ends (2026-11-01) before it begins (2026-11-15)",
        ),
        "retry_failed_events" => (
            "unknown_problem_code",
            "problem_codes[0]",
            "`unmapped` is no problem code; use one of missing_mappings, unbalanced_event, …",
        ),
        "create_tenant" | "update_tenant" | "update_settings" => (
            "invalid_rounding_tolerance",
            "rounding_tolerance",
            "a tolerance is a decimal string from \"0.00\" to \"1.00\"",
        ),
        "create_webhook_endpoint" | "update_webhook_endpoint" => (
            "invalid_url",
            "url",
            "this is no address for messages: messages go over https only; begin it with https://",
        ),
        "rotate_api_key" => (
            "invalid_overlap",
            "overlap_hours",
            "200 hours: the old key may live on for 0 to 168 hours",
        ),
        "create_member" | "update_member" => (
            "role_beyond_own",
            "role",
            "the role `owner` has `members:manage`, which you do not have yourself",
        ),
        "rotate_webhook_secret" => (
            "invalid_overlap",
            "overlap_hours",
            "200 hours: the old secret may count for 0 to 168 hours more",
        ),
        "replay_webhook_messages" => (
            "nothing_chosen",
            "since",
            "say which messages: `since` a time, or `from_number` and `to_number`",
        ),
        "list_webhook_deliveries" => (
            "invalid_state",
            "state",
            "`lost` is no state of a delivery; use `waiting`, `delivered` or `dead`",
        ),
        "create_api_key" => (
            "unknown_scope",
            "scopes[0]",
            "`events` is not a scope of a tenant's key; use some of events:read, events:write, …",
        ),
        _ => (
            "invalid_limit",
            "limit",
            "500 rows in a page: ask for 1 to 200",
        ),
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail).with_field(field, code, detail)
}
