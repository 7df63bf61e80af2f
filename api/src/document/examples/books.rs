//! Values of the examples about reconciliations.

use super::values::{at, day, id};
use service::reconciliation::{
    DifferenceField, Finding, FindingCounts, FindingDifference, FindingKind, FindingState,
    Reconciliation, State, csv,
};

pub(super) fn reconciliation() -> Reconciliation {
    Reconciliation {
        id: id("rec_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        from_date: Some(day("2026-11-01")),
        to_date: Some(day("2026-11-15")),
        state: State::Finished,
        next_date: None,
        reads_per_day: 100,
        reads_used: 4,
        entries_read: 3021,
        findings: FindingCounts {
            edited: 1,
            ..FindingCounts::default()
        },
        accepted: 0,
        problem: None,
        requested_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        requested_at: at("2026-11-21T08:00:00Z"),
        due_at: None,
        finished_at: Some(at("2026-11-21T08:00:04Z")),
    }
}

pub(super) fn queued_reconciliation() -> Reconciliation {
    Reconciliation {
        state: State::Queued,
        reads_used: 0,
        entries_read: 0,
        findings: FindingCounts::default(),
        due_at: Some(at("2026-11-21T08:00:00Z")),
        finished_at: None,
        ..reconciliation()
    }
}

pub(super) fn finding() -> Finding {
    let amount = |account: &str, qbo_id: &str, side: &str| FindingDifference {
        field: DifferenceField::Amount,
        account: Some(account.to_owned()),
        account_qbo_id: Some(qbo_id.to_owned()),
        side: Some(side.to_owned()),
        was: Some("50.00".to_owned()),
        is: Some("60.00".to_owned()),
    };
    Finding {
        id: id("fnd_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        kind: FindingKind::Edited,
        state: FindingState::Open,
        detail: "104233 of 2026-11-12: entry 228 was changed in QuickBooks: 1010 Cash in Drawer debit was 50.00 and is 60.00; \
                 4000 Sales Apparel credit was 50.00 and is 60.00."
            .to_owned(),
        number: Some("104233".to_owned()),
        accounting_date: day("2026-11-12"),
        qbo_id: "228".to_owned(),
        qbo_link: Some("https://qbo.intuit.com/app/journal?txnId=228".to_owned()),
        event_id: Some(id("evt_01jd5zk8x9e3qr0v7m2c4n6p8t")),
        our_qbo_id: None,
        mark: Some("[tillpost evt_01jd5zk8x9e3qr0v7m2c4n6p8t abcdefghijklmnop]".to_owned()),
        differences: vec![
            amount("1010 Cash in Drawer", "35", "debit"),
            amount("4000 Sales Apparel", "79", "credit"),
        ],
        reconciliation_id: id("rec_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        found_at: at("2026-11-21T08:00:03Z"),
        seen_at: at("2026-11-21T08:00:03Z"),
        accepted_at: None,
        accepted_by: None,
        gone_at: None,
    }
}

pub(super) fn accepted_finding() -> Finding {
    Finding {
        state: FindingState::Accepted,
        accepted_at: Some(at("2026-11-21T09:30:00Z")),
        accepted_by: Some("key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned()),
        ..finding()
    }
}

pub(super) fn findings_csv() -> String {
    let file = csv(&[finding()]).unwrap_or_default();
    String::from_utf8_lossy(&file).into_owned()
}
