//! What the examples show of events: a day of the retailer's sales, one of which cannot be posted.

use super::values::{at, day, id, some};
use crate::problem::Problem;
use crate::resource::ndjson::TakenLine;
use accounting::event::openapi::examples as financial_events;
use actix_web::http::StatusCode;
use serde_json::json;
use service::event::{
    Attempt, Event, EventCounts, EventDetail, Happened, HistoryRecord, JournalEntry, Preview,
    PreviewedEntry, PreviewedLine, ProblemCount, StatusCount,
};
use service::ingest::{IngestProblem, Taken, TakenEvent};
use service::problem;
use service::retry::{Retried, RetriedProblem};

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

pub(super) const MISSING: &str = "payment type `paypal` has no payment account (payment[paypal])";

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
            location: some("Boston"),
            class: None,
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
