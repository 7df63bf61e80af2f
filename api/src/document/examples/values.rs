//! What the examples show: one retailer, its company, and a day of its sales.

use crate::problem::Problem;
use crate::resource::mapping::MappingResults;
use crate::resource::ndjson::TakenLine;
use accounting::event::openapi::examples as financial_events;
use actix_web::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use service::access::Scope;
use service::alert::Alert;
use service::api_key::{ApiKey, NewApiKey};
use service::audit::AuditRecord;
use service::chart::{Account, AccountImport};
use service::connection::{self, AuthorizationRequest, Connection};
use service::event::{
    Attempt, Event, EventCounts, EventDetail, Happened, HistoryRecord, JournalEntry, Preview,
    PreviewedEntry, PreviewedLine, ProblemCount, StatusCount,
};
use service::ingest::{IngestProblem, Taken, TakenEvent};
use service::mapping::{Mapping, MappingProblem, MappingResult};
use service::past_sync::{
    self, AccountEffect, ClosedPeriodHits, DryRun, DryRunCause, DryRunCounts, DryRunProblem,
    DryRunType, Effect, Numbers, PastSync, PlaceEffect,
};
use service::problem;
use service::retry::{Retried, RetriedProblem};
use service::sync::{self, Counts, Sync};
use service::tenant::{ClosedPeriod, Settings, Status, Tenant};
use std::str::FromStr;

pub(super) const ACCOUNT: &str = "acc_01jd5zk8x9e3qr0v7m2c4n6p8t";

pub(super) fn id<T: FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| unreachable!("examples are written with ids: {text}"))
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("examples are written with instants")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("examples are written with days")
}

pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(super) fn tenant() -> Tenant {
    Tenant {
        id: id("ten_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        name: "Harbour Street Outfitters".to_owned(),
        status: Status::Active,
        rounding_tolerance: "0.05".to_owned(),
        net_lines: false,
        closed_period: ClosedPeriod::Fail,
        created_at: at("2026-11-02T09:30:00Z"),
        updated_at: at("2026-11-02T09:30:00Z"),
    }
}

pub(super) fn settings() -> Settings {
    Settings {
        closed_period: ClosedPeriod::FirstOpenDay,
        net_lines: false,
        rounding_tolerance: "0.05".to_owned(),
        updated_at: at("2026-11-02T09:30:00Z"),
    }
}

pub(super) fn api_key() -> ApiKey {
    ApiKey {
        id: id("key_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        name: "point of sale".to_owned(),
        scopes: [Scope::EventsWrite, Scope::EventsRead]
            .map(|scope| scope.as_str().to_owned())
            .into(),
        created_at: at("2026-11-02T09:31:00Z"),
        created_by: "platform".to_owned(),
        expires_at: Some(at("2027-11-20T00:00:00Z")),
        last_used_at: None,
        revoked_at: None,
    }
}

pub(super) fn new_api_key() -> NewApiKey {
    NewApiKey {
        key: api_key(),
        secret: "tp_test_01jd5zk8x9e3qr0v7m2c4n6p8t_…_9f86d081".to_owned(),
    }
}

pub(super) fn connection(state: connection::State) -> Connection {
    let connected = state == connection::State::Connected;
    Connection {
        state,
        id: Some(id("con_01jd5zk8x9e3qr0v7m2c4n6p8t")),
        company_id: some("9341453474484455"),
        company_name: some("Harbour Street Outfitters, Inc."),
        home_currency: some("USD"),
        closing_date: Some(day("2025-12-31")),
        grant_expires_at: connected.then(|| at("2027-02-28T10:00:00Z")),
        grant_hard_expires_at: None,
        connected_at: Some(at("2026-11-02T10:00:00Z")),
        last_success_at: Some(at("2026-11-20T23:22:07Z")),
    }
}

pub(super) fn authorization_request() -> AuthorizationRequest {
    AuthorizationRequest {
        id: id("arq_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        authorization_url: "https://api.example.com/v1/connect/kq3…".to_owned(),
        expires_at: at("2026-11-02T10:05:00Z"),
    }
}

pub(super) fn account_import() -> AccountImport {
    AccountImport {
        id: id("aci_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        state: "done".to_owned(),
        accounts_read: 94,
        problem: None,
        requested_at: at("2026-11-02T10:00:01Z"),
        finished_at: Some(at("2026-11-02T10:00:03Z")),
    }
}

pub(super) fn account() -> Account {
    Account {
        id: id(ACCOUNT),
        qbo_id: "79".to_owned(),
        number: some("4000"),
        name: "Sales Apparel".to_owned(),
        fully_qualified_name: "Sales:Sales Apparel".to_owned(),
        account_type: "Income".to_owned(),
        account_sub_type: some("SalesOfProductIncome"),
        active: true,
        imported_at: at("2026-11-02T10:00:03Z"),
    }
}

pub(super) fn mapping() -> Mapping {
    Mapping {
        id: id("map_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        slot: "revenue".to_owned(),
        key: some("apparel"),
        location: None,
        account_id: id(ACCOUNT),
        account_name: "Sales Apparel".to_owned(),
        account_number: some("4000"),
        broken: None,
        warning: None,
        set_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        set_at: at("2026-11-02T10:10:00Z"),
    }
}

pub(super) fn mapping_results() -> MappingResults {
    MappingResults {
        results: vec![
            MappingResult {
                index: 0,
                mapping: Some(mapping()),
                problem: None,
            },
            MappingResult {
                index: 1,
                mapping: None,
                problem: Some(MappingProblem {
                    code: "unknown_account".to_owned(),
                    detail: format!(
                        "there is no account {ACCOUNT} in the imported chart; list the accounts, or import the chart again"
                    ),
                    field: some("account_id"),
                }),
            },
        ],
        cures: 12,
    }
}

pub(super) fn taken() -> TakenEvent {
    TakenEvent {
        index: 0,
        result: Taken::Accepted,
        id: Some(id("evt_01jd5zk8x9e3qr0v7m2c4n6p8t")),
        external_id: some("ticket_1001"),
        number: some("100001"),
        version: Some(1),
        status: some("not_synced"),
        problem: None,
    }
}

pub(super) fn refused() -> TakenEvent {
    TakenEvent {
        index: 1,
        result: Taken::Refused,
        id: None,
        external_id: None,
        number: None,
        version: None,
        status: None,
        problem: Some(IngestProblem {
            code: "number_not_string".to_owned(),
            detail: "is a JSON number; write a decimal string such as \"19.99\"".to_owned(),
            field: some("events[1].transaction.lines[0].amount"),
        }),
    }
}

pub(super) fn taken_lines() -> String {
    let lines = [taken(), refused()].into_iter().map(|mut event| {
        if let Some(problem) = &mut event.problem {
            problem.field = some("transaction.lines[0].amount");
        }
        let line = event.index + 1;
        json!(TakenLine { line, event }).to_string() + "\n"
    });
    lines.collect()
}

/// The problem of a request of which no event was taken in.
pub(in crate::document) fn all_refused() -> Problem {
    let mut refused = refused();
    refused.index = 0;
    let field = "events[0].transaction.lines[0].amount";
    let mut words = String::new();
    if let Some(problem) = &mut refused.problem {
        problem.field = some(field);
        words.clone_from(&problem.detail);
    }
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "all_events_refused",
        format!("the event was refused; the first: `{field}`: {words}"),
    )
    .with_field(field, "number_not_string", &words)
    .with_results(json!([refused]))
}

pub(super) fn event() -> Event {
    Event {
        id: id("evt_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        external_id: "ticket_1001".to_owned(),
        kind: "ticket".to_owned(),
        number: "100001".to_owned(),
        version: 1,
        occurred_at: at("2026-11-20T23:22:05Z"),
        business_date: day("2026-11-20"),
        location: some("boston"),
        status: "synced".to_owned(),
        problem: None,
        past_sync_id: None,
        taken_in_at: at("2026-11-20T23:22:06Z"),
        updated_at: at("2026-11-20T23:22:07Z"),
        synced_at: Some(at("2026-11-20T23:22:07Z")),
    }
}

pub(super) fn failed_event() -> Event {
    Event {
        id: id("evt_01jd5zkfh2e8vs3hj6w5q9r4ta"),
        external_id: "ticket_1002".to_owned(),
        number: "100002".to_owned(),
        status: "failed".to_owned(),
        problem: Some(missing_mapping()),
        synced_at: None,
        ..event()
    }
}

/// What is wrong with an event that was paid with something unknown.
pub(super) fn missing_mapping() -> problem::Problem {
    let facts = problem::Facts {
        missing: vec![problem::MissingMapping {
            slot: "payment".to_owned(),
            key: some("paypal"),
            location: None,
        }],
        ..problem::Facts::default()
    };
    problem::explain(
        id("ten_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        id("evt_01jd5zkfh2e8vs3hj6w5q9r4ta"),
        problem::Code::MissingMappings,
        MISSING,
        facts,
    )
}

const MISSING: &str = "payment type `paypal` has no payment account (payment[paypal])";

pub(super) fn retried() -> Retried {
    let code = problem::Code::MissingMappings;
    Retried {
        queued: 12,
        by_problem: vec![RetriedProblem {
            problem_code: code,
            queued: 12,
            advice: None,
        }],
    }
}

pub(super) fn event_detail() -> EventDetail {
    EventDetail {
        event: event(),
        body: financial_events()
            .into_iter()
            .next()
            .map(|(_, event)| event)
            .unwrap_or_default(),
        journal_entries: vec![JournalEntry {
            id: id("jou_01jd5zk8x9e3qr0v7m2c4n6p8t"),
            company_id: "9341453474484455".to_owned(),
            generation: 1,
            state: "posted".to_owned(),
            accounting_date: day("2026-11-20"),
            qbo_id: some("228"),
            link: some("https://qbo.intuit.com/app/journal?txnId=228"),
            settled_at: Some(at("2026-11-20T23:22:07Z")),
            attempts: vec![Attempt {
                number: 1,
                started_at: at("2026-11-20T23:22:06Z"),
                finished_at: Some(at("2026-11-20T23:22:07Z")),
                outcome: some("posted"),
                http_status: Some(200),
                intuit_tid: some("1-673e6c1e-5c0b7d2a4f1e9b3c7a8d6e5f"),
                detail: None,
            }],
        }],
        history: history(),
    }
}

fn history() -> Vec<HistoryRecord> {
    let key = some("key_01jd5zk8x9e3qr0v7m2c4n6p8t");
    let entry = Some(id("jou_01jd5zk8x9e3qr0v7m2c4n6p8t"));
    let taken_in = at("2026-11-20T23:22:06Z");
    vec![
        HistoryRecord {
            by: key.clone(),
            ..HistoryRecord::new(taken_in, Happened::TakenIn)
        },
        HistoryRecord {
            by: key,
            ..HistoryRecord::new(taken_in, Happened::Queued)
        },
        HistoryRecord {
            code: some("posted"),
            journal_entry_id: entry,
            http_status: Some(200),
            intuit_tid: some("1-673e6c1e-5c0b7d2a4f1e9b3c7a8d6e5f"),
            ..HistoryRecord::new(taken_in, Happened::Attempted)
        },
        HistoryRecord {
            journal_entry_id: entry,
            qbo_id: some("228"),
            ..HistoryRecord::new(at("2026-11-20T23:22:07Z"), Happened::Synced)
        },
    ]
}

pub(super) fn exported() -> String {
    let failed = "100002,ticket,2026-11-20,boston,failed,missing_mappings,\"no account is mapped for payment[paypal]; map each and retry\",\
         Map an account for each slot and key that is named.,,,,ticket_1002,2026-11-20T23:22:05Z,2026-11-20T23:22:06Z,,\
         evt_01jd5zkfh2e8vs3hj6w5q9r4ta";
    let synced = "100001,ticket,2026-11-20,boston,synced,,,,2026-11-20,228,https://qbo.intuit.com/app/journal?txnId=228,\
         ticket_1001,2026-11-20T23:22:05Z,2026-11-20T23:22:06Z,2026-11-20T23:22:07Z,evt_01jd5zk8x9e3qr0v7m2c4n6p8t";
    [
        service::event::HEADER.join(",").as_str(),
        failed,
        synced,
        "",
    ]
    .join("\r\n")
}

pub(super) fn event_counts() -> EventCounts {
    let status = |status: &str, events| StatusCount {
        status: status.to_owned(),
        events,
    };
    let problem = |code: &str, status: &str, events| ProblemCount {
        code: code.to_owned(),
        status: status.to_owned(),
        events,
    };
    EventCounts {
        total: 328,
        statuses: vec![
            status("failed", 3),
            status("never_synced", 10),
            status("skipped", 3),
            status("synced", 312),
        ],
        problems: vec![
            problem("missing_mappings", "failed", 3),
            problem("nothing_to_post", "skipped", 3),
        ],
    }
}

pub(super) fn preview() -> Preview {
    let line =
        |number: &str, name: &str, side: &str, amount: &str, description: &str| PreviewedLine {
            account_number: some(number),
            account_name: name.to_owned(),
            side: side.to_owned(),
            amount: amount.to_owned(),
            description: description.to_owned(),
        };
    Preview {
        result: "entry".to_owned(),
        business_date: day("2026-11-20"),
        entry: Some(PreviewedEntry {
            number: "100001".to_owned(),
            accounting_date: day("2026-11-20"),
            redated: None,
            currency: "USD".to_owned(),
            note: None,
            total: "54.13".to_owned(),
            lines: vec![
                line("1010", "Cash on Hand", "debit", "54.13", "Payment: cash"),
                line("4000", "Sales Apparel", "credit", "50.00", "Sales: apparel"),
                line(
                    "2200",
                    "Sales Tax Payable",
                    "credit",
                    "4.13",
                    "Sales tax: state",
                ),
            ],
        }),
        problem: None,
    }
}

pub(super) fn refused_preview() -> Preview {
    Preview {
        result: "refused".to_owned(),
        business_date: day("2026-11-20"),
        entry: None,
        problem: Some(missing_mapping()),
    }
}

pub(super) fn sync(state: sync::State, message: &str) -> Sync {
    Sync {
        state,
        message: message.to_owned(),
        waiting: None,
        waiting_until: None,
        alert: None,
        alerts: 0,
        started_at: Some(at("2026-11-16T00:00:00Z")),
        last_success_at: Some(at("2026-11-20T23:22:07Z")),
        oldest_waiting_at: None,
        events: Counts {
            never_synced: 10,
            synced: 312,
            skipped: 3,
            ..Counts::default()
        },
    }
}

pub(super) fn past_sync() -> PastSync {
    PastSync {
        id: id("pas_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        from_date: day("2026-11-01"),
        to_date: day("2026-11-15"),
        state: past_sync::State::Finished,
        events: 4,
        waiting: 0,
        synced: 4,
        failed: 0,
        skipped: 0,
        returned: 0,
        percent_done: 100,
        live_events_ahead: None,
        remaining_seconds: None,
        created_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        created_at: at("2026-11-16T08:00:00Z"),
        cancelled_at: None,
        finished_at: Some(at("2026-11-16T08:00:03Z")),
    }
}

pub(super) fn running_past_sync() -> PastSync {
    PastSync {
        state: past_sync::State::Running,
        waiting: 4,
        synced: 0,
        percent_done: 0,
        live_events_ahead: Some(12),
        remaining_seconds: Some(3),
        finished_at: None,
        ..past_sync()
    }
}

pub(super) fn cancelled_past_sync() -> PastSync {
    PastSync {
        state: past_sync::State::Cancelled,
        synced: 1,
        returned: 3,
        cancelled_at: Some(at("2026-11-16T08:00:01Z")),
        ..past_sync()
    }
}

pub(super) fn effect() -> Effect {
    let account =
        |number: &str, qbo_id: &str, name: &str, kind: &str, sums: [&str; 3]| AccountEffect {
            account_id: Some(id(ACCOUNT)),
            qbo_id: qbo_id.to_owned(),
            number: some(number),
            name: name.to_owned(),
            account_type: kind.to_owned(),
            debits: sums[0].to_owned(),
            credits: sums[1].to_owned(),
            net: sums[2].to_owned(),
        };
    Effect {
        entries: 3,
        currency: "USD".to_owned(),
        debits: "162.39".to_owned(),
        credits: "162.39".to_owned(),
        accounts: vec![
            account(
                "1010",
                "35",
                "Cash on Hand",
                "Bank",
                ["162.39", "0.00", "162.39"],
            ),
            account(
                "2200",
                "44",
                "Sales Tax Payable",
                "Other Current Liability",
                ["0.00", "12.39", "-12.39"],
            ),
            account(
                "4000",
                "79",
                "Sales Apparel",
                "Income",
                ["0.00", "150.00", "-150.00"],
            ),
        ],
        places: vec![PlaceEffect {
            qbo_location_id: some("1"),
            qbo_class_id: None,
            debits: "162.39".to_owned(),
            credits: "162.39".to_owned(),
        }],
    }
}

pub(super) fn effect_csv() -> String {
    let bytes = effect().csv().expect("an effect is written into memory");
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn dry_run() -> DryRun {
    let events = DryRunCounts {
        total: 4,
        post: 3,
        cannot_post: 1,
        ..DryRunCounts::default()
    };
    let failing = id("evt_01jd5zkfh2e8vs3hj6w5q9r4ta");
    DryRun {
        from_date: day("2026-11-01"),
        to_date: day("2026-11-15"),
        as_of: at("2026-11-16T07:55:00Z"),
        events,
        types: vec![DryRunType {
            kind: "ticket".to_owned(),
            events,
        }],
        problems: vec![DryRunProblem {
            events: 1,
            problem: missing_mapping(),
            causes: vec![DryRunCause {
                cause: "payment[paypal]".to_owned(),
                events: 1,
                examples: vec![failing],
            }],
            events_of_other_causes: 0,
            examples: vec![failing],
        }],
        skipped: Vec::new(),
        closed_period: ClosedPeriodHits {
            closing_date: Some(day("2025-12-31")),
            policy: ClosedPeriod::Fail,
            events: 0,
            first_date: None,
            last_date: None,
            dated: None,
            detail: None,
            closing_date_in_doubt: false,
        },
        numbers: Numbers {
            checked: 4,
            unchecked: 0,
            taken: 0,
            metered_reads: 1,
            detail: None,
        },
        effect: effect(),
    }
}

pub(super) fn alert() -> Alert {
    let cause = service::alert::Cause::MissingMapping;
    Alert {
        id: id("alr_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        code: cause,
        problem_code: None,
        severity: cause.severity(),
        state: service::alert::State::Open,
        detail: MISSING.to_owned(),
        steps: cause.steps().iter().map(|&step| step.to_owned()).collect(),
        link: format!("/v1/tenants/ten_01jd5zk8x9e3qr0v7m2c4n6p8t{}", cause.link()),
        subjects: vec!["payment[paypal]".to_owned()],
        events: 3,
        example_event_ids: vec![id("evt_01jd5zk8x9e3qr0v7m2c4n6p8t")],
        occurrences: 3,
        opened_at: at("2026-11-20T06:00:00Z"),
        last_seen_at: at("2026-11-20T06:10:00Z"),
        acknowledged_at: None,
        acknowledged_by: None,
        closed_at: None,
    }
}

pub(super) fn acknowledged_alert() -> Alert {
    Alert {
        acknowledged_at: Some(at("2026-11-20T07:00:00Z")),
        acknowledged_by: Some("key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned()),
        ..alert()
    }
}

pub(super) fn audit_record() -> AuditRecord {
    AuditRecord {
        id: id("aud_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        recorded_at: at("2026-11-20T23:30:00Z"),
        actor: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        action: "event.replaced".to_owned(),
        subject: "evt_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        detail: json!({"from_version": 1, "to_version": 2}),
    }
}
