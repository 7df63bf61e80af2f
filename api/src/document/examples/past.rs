//! What the examples show of past syncs: what one would do to the books, and how one goes.

use super::event::missing_mapping;
use super::values::{ACCOUNT, at, day, id, some};
use service::past_sync::{
    self, AccountEffect, ClosedPeriodHits, DryRun, DryRunCause, DryRunCounts, DryRunProblem,
    DryRunType, Effect, Lists, Numbers, PastSync, PlaceEffect,
};
use service::tenant::ClosedPeriod;

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

fn in_boston([debits, credits, net]: [&str; 3]) -> PlaceEffect {
    PlaceEffect {
        qbo_location_id: some("1"),
        location: some("Boston"),
        qbo_class_id: None,
        class: None,
        debits: debits.to_owned(),
        credits: credits.to_owned(),
        net: net.to_owned(),
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
            places: vec![in_boston(sums)],
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
        places: vec![in_boston(["162.39", "162.39", "0.00"])],
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
        lists: Lists {
            read_at: Some(at("2026-11-16T07:54:59Z")),
            detail: None,
        },
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
            closing_date_read_at: at("2026-11-16T07:54:59Z"),
            closing_date_in_doubt: false,
        },
        numbers: Numbers {
            checked: 4,
            unchecked: 0,
            taken: 0,
            metered_reads: 3,
            detail: None,
        },
        effect: effect(),
    }
}
