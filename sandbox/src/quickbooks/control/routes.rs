//! The controls over HTTP, as JSON under `/sandbox`. One line of [`ROUTES`] for each.

use actix_web::web::{ServiceConfig, delete, get, post, put};

use super::handlers;

/// Every operation of the control surface, as the index page lists it.
pub(crate) static ROUTES: &[(&str, &str, &str)] = &[
    (
        "GET",
        "/sandbox/companies",
        "all companies with accounts and names",
    ),
    (
        "POST",
        "/sandbox/companies",
        "found one: name, country, home_currency, accounts [{name, account_type, account_sub_type, number}], departments, classes, customers, vendors",
    ),
    ("GET", "/sandbox/companies/{realm}", "one company"),
    ("GET", "/sandbox/books/{realm}", "its books, as a page"),
    (
        "GET",
        "/app/journal?txnId={id}",
        "a journal entry as the web app shows it, of every company that has one with this id",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/accounts",
        "open an account: name, account_type, account_sub_type, number",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/accounts/{id}/deactivate",
        "and /reactivate, /remove (as a merge into another does), /restore",
    ),
    (
        "PUT",
        "/sandbox/companies/{realm}/accounts/{id}",
        "rename an account: name",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/names",
        "add a location, class, customer or vendor: kind, name",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/names/{kind}/{id}/deactivate",
        "and /reactivate, /remove",
    ),
    (
        "PUT",
        "/sandbox/companies/{realm}/names/{kind}/{id}",
        "rename a location, class, customer or vendor: name",
    ),
    (
        "PUT",
        "/sandbox/companies/{realm}/offering",
        "what it subscribes to: offering (simple_start, essentials, plus, advanced)",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/close-books",
        "closing_date, with_password; undone by /reopen-books",
    ),
    (
        "PUT",
        "/sandbox/companies/{realm}/preferences",
        "change some of warn_duplicate_journal_number, use_account_numbers, track_departments, class_tracking_per_line",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/notify",
        "tell an app what changed, signed: url, verifier, entity, id, operation, form (cloud_events, event_notifications)",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/revoke-grants",
        "as if the user disconnected the app",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/expire-access-tokens",
        "refresh tokens live on",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/remove-user",
        "undone by /restore-user",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/lapse-subscription",
        "undone by /renew-subscription",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/forget-request-ids",
        "no requestid is known any more",
    ),
    (
        "GET",
        "/sandbox/companies/{realm}/journal-entries",
        "all, or ?doc_number=",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/journal-entries",
        "post a foreign one: doc_number, txn_date, private_note, lines [{account_id, posting_type, amount, description}]",
    ),
    (
        "PUT",
        "/sandbox/companies/{realm}/journal-entries/{id}",
        "change one",
    ),
    (
        "DELETE",
        "/sandbox/companies/{realm}/journal-entries/{id}",
        "delete one",
    ),
    (
        "POST",
        "/sandbox/companies/{realm}/journal-entries/{id}/copy",
        "post it once more, with its number and note",
    ),
    (
        "GET",
        "/sandbox/companies/{realm}/trial-balance",
        "debits, credits and balance of each account",
    ),
    (
        "GET",
        "/sandbox/companies/{realm}/counters",
        "metered calls of the company",
    ),
    (
        "POST",
        "/sandbox/consent",
        "what the consent page answers: realm_id, deny",
    ),
    ("POST", "/sandbox/redirect-uris", "register one more: uri"),
    ("GET", "/sandbox/faults", "the planned faults"),
    (
        "POST",
        "/sandbox/faults",
        "plan one: operation, realm_id, doc_number, next, per_mille, outcome (answer, drop, {status: n}, wait_a_few_minutes, throttled, unauthorized, garbage), commit, drop_first, delay_before_ms, delay_after_ms, hold (before_commit, after_commit)",
    ),
    (
        "DELETE",
        "/sandbox/faults",
        "forget all and release what they hold",
    ),
    (
        "POST",
        "/sandbox/faults/{id}/release",
        "let held calls go on",
    ),
    ("GET", "/sandbox/clock", "the time of the service"),
    ("POST", "/sandbox/clock", "now, advance_seconds, standing"),
    (
        "GET",
        "/sandbox/switches",
        "what Intuit leaves open, as it is decided now; PUT changes some",
    ),
    (
        "GET",
        "/sandbox/limits",
        "the throttle; PUT changes some, null lifts",
    ),
    ("GET", "/sandbox/calls", "every call"),
    ("GET", "/sandbox/counters", "metered calls of all companies"),
    (
        "GET",
        "/sandbox/violations",
        "what a well-behaved client would not have done",
    ),
    ("POST", "/sandbox/reset", "everything as at the start"),
];

/// Mounts the control surface.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .route("/sandbox", get().to(handlers::index))
        .route("/sandbox/", get().to(handlers::index))
        .route("/sandbox/books/{realm}", get().to(handlers::books))
        .route("/app/journal", get().to(handlers::journal))
        .route("/sandbox/companies", get().to(handlers::companies))
        .route("/sandbox/companies", post().to(handlers::seed_company))
        .route("/sandbox/companies/{realm}", get().to(handlers::company))
        .route(
            "/sandbox/companies/{realm}/accounts",
            post().to(handlers::add_account),
        )
        .route(
            "/sandbox/companies/{realm}/accounts/{id}/{action}",
            post().to(handlers::act_on_account),
        )
        .route(
            "/sandbox/companies/{realm}/accounts/{id}",
            put().to(handlers::rename_account),
        )
        .route(
            "/sandbox/companies/{realm}/names",
            post().to(handlers::add_name),
        )
        .route(
            "/sandbox/companies/{realm}/names/{kind}/{id}",
            put().to(handlers::rename_name),
        )
        .route(
            "/sandbox/companies/{realm}/names/{kind}/{id}/{action}",
            post().to(handlers::act_on_name),
        )
        .route(
            "/sandbox/companies/{realm}/offering",
            put().to(handlers::set_offering),
        )
        .route(
            "/sandbox/companies/{realm}/notify",
            post().to(handlers::notify),
        )
        .route(
            "/sandbox/companies/{realm}/close-books",
            post().to(handlers::close_books),
        )
        .route(
            "/sandbox/companies/{realm}/preferences",
            put().to(handlers::set_preferences),
        )
        .route(
            "/sandbox/companies/{realm}/journal-entries",
            get().to(handlers::entries),
        )
        .route(
            "/sandbox/companies/{realm}/journal-entries",
            post().to(handlers::insert_entry),
        )
        .route(
            "/sandbox/companies/{realm}/journal-entries/{id}",
            put().to(handlers::change_entry),
        )
        .route(
            "/sandbox/companies/{realm}/journal-entries/{id}",
            delete().to(handlers::delete_entry),
        )
        .route(
            "/sandbox/companies/{realm}/journal-entries/{id}/copy",
            post().to(handlers::copy_entry),
        )
        .route(
            "/sandbox/companies/{realm}/trial-balance",
            get().to(handlers::trial_balance),
        )
        .route(
            "/sandbox/companies/{realm}/counters",
            get().to(handlers::company_counters),
        )
        .route(
            "/sandbox/companies/{realm}/{action}",
            post().to(handlers::act_on_company),
        )
        .route("/sandbox/consent", post().to(handlers::set_consent))
        .route(
            "/sandbox/redirect-uris",
            post().to(handlers::register_redirect_uri),
        )
        .route("/sandbox/faults", get().to(handlers::plans))
        .route("/sandbox/faults", post().to(handlers::plan))
        .route("/sandbox/faults", delete().to(handlers::clear_plans))
        .route("/sandbox/faults/{id}/release", post().to(handlers::release))
        .route("/sandbox/clock", get().to(handlers::clock))
        .route("/sandbox/clock", post().to(handlers::set_clock))
        .route("/sandbox/switches", get().to(handlers::switches))
        .route("/sandbox/switches", put().to(handlers::set_switches))
        .route("/sandbox/limits", get().to(handlers::limits))
        .route("/sandbox/limits", put().to(handlers::set_limits))
        .route("/sandbox/calls", get().to(handlers::calls))
        .route("/sandbox/counters", get().to(handlers::counters))
        .route("/sandbox/violations", get().to(handlers::violations))
        .route("/sandbox/reset", post().to(handlers::reset));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::web::Data;
    use actix_web::{App, test};
    use url::Url;

    use super::*;
    use crate::quickbooks::control::Control;
    use crate::quickbooks::options::Options;
    use crate::quickbooks::world::Shared;

    #[actix_web::test]
    async fn every_listed_operation_answers() {
        let base = Url::parse("http://localhost/").unwrap();
        let control = Control::new(Arc::new(Shared::new(Options::default(), base)));
        let app = App::new().app_data(Data::new(control)).configure(configure);
        let service = test::init_service(app).await;
        for (method, path, _) in ROUTES {
            let path = path.replace("{realm}", "1").replace("{id}", "1");
            let request = test::TestRequest::with_uri(&path).method(method.parse().unwrap());
            let response = test::call_service(&service, request.set_json(0).to_request()).await;
            // A path that is not mounted has an empty 404, a method that is not has an empty 405.
            assert!(
                !test::read_body(response).await.is_empty(),
                "{method} {path}"
            );
        }
    }
}
