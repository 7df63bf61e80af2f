//! The worked events of the acceptance cases and the entry expected of each, compared per account and side as sums.

use std::collections::BTreeMap;

use accounting::{Amount, Books, Currency, Event, Journalized, Mapping, Side, Slot, journalize};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Cases<'a> {
    accounts: Vec<Account>,
    mapping: Vec<Row>,
    #[serde(borrow)]
    cases: Vec<Case<'a>>,
}

#[derive(Deserialize)]
struct Account {
    number: String,
    account_type: String,
}

#[derive(Deserialize)]
struct Row {
    slot: Slot,
    key: Option<String>,
    location: Option<String>,
    account: String,
}

#[derive(Deserialize)]
struct Case<'a> {
    case: String,
    title: String,
    #[serde(borrow)]
    event: &'a RawValue,
    expected: Vec<ExpectedLine>,
}

#[derive(Deserialize)]
struct ExpectedLine {
    account: String,
    posting_type: String,
    amount: String,
}

const CASES: &str = include_str!("../cases/journal-entries.json");

fn books(cases: &Cases<'_>) -> Books {
    let rows = cases.mapping.iter().map(|row| {
        (
            row.slot,
            row.key.as_ref(),
            row.location.as_ref(),
            row.account.as_str(),
        )
    });
    Books::new(rows.collect::<Mapping>(), Currency::USD)
}

#[test]
fn every_acceptance_case_gives_the_expected_entry() {
    let cases: Cases<'_> = serde_json::from_str(CASES).unwrap();
    let books = books(&cases);
    assert!(cases.cases.len() >= 31, "the acceptance cases are all here");
    for Case {
        case,
        title,
        event,
        expected,
    } in &cases.cases
    {
        let event = Event::parse_in(event.get().as_bytes(), Currency::USD).unwrap();
        let Journalized::Entry(entry) = journalize(&event, &books).unwrap() else {
            panic!("case {case} is skipped")
        };

        let mut sums = BTreeMap::<(&str, &str), i64>::new();
        for line in entry.lines() {
            let side = if line.side == Side::Debit {
                "Debit"
            } else {
                "Credit"
            };
            *sums.entry((line.account.as_str(), side)).or_default() += line.amount_minor;
        }
        let mut expected_sums = BTreeMap::<(&str, &str), i64>::new();
        for line in expected {
            let amount = Amount::parse(&line.amount, Currency::USD).unwrap();
            *expected_sums
                .entry((&line.account, &line.posting_type))
                .or_default() += amount.minor;
        }
        assert_eq!(sums, expected_sums, "case {case}: {title}");
    }
}

#[test]
fn the_golden_mapping_is_allowed_and_usual() {
    let cases: Cases<'_> = serde_json::from_str(CASES).unwrap();
    for row in &cases.mapping {
        let account = cases
            .accounts
            .iter()
            .find(|account| account.number == row.account)
            .unwrap();
        assert_eq!(
            row.slot.check(&account.account_type),
            Ok(None),
            "{} {}",
            row.slot,
            row.account
        );
    }
}
