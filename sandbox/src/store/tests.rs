//! The week is what it claims to be, and its two arithmetics agree.

use std::collections::{BTreeMap, BTreeSet};

use accounting::{
    Books, Currency, Event, Journalized, Mapping, Refusal, Side, TransactionType, journalize,
};

use super::*;

fn starting() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 16).unwrap()
}

fn books(rows: impl IntoIterator<Item = MappingRow>) -> Books {
    let rows = rows.into_iter().map(|row| {
        (
            row.slot.parse().unwrap(),
            row.key,
            None::<&str>,
            row.account,
        )
    });
    Books::new(rows.collect::<Mapping>(), Currency::USD)
}

fn all_mapped() -> Books {
    books(mapping().iter().copied().chain([paypal_mapping()]))
}

fn read(event: &Value) -> Event {
    Event::parse_in(event.to_string().as_bytes(), Currency::USD).unwrap()
}

/// The balances that the product's entries give.
fn journalized_balances(events: &[Value]) -> BTreeMap<String, i64> {
    let books = all_mapped();
    let mut balances = BTreeMap::new();
    for event in events {
        match journalize(&read(event), &books).unwrap() {
            Journalized::Skipped(_) => {}
            Journalized::Entry(entry) => {
                for line in entry.lines() {
                    let signed = if line.side == Side::Debit {
                        line.amount_minor
                    } else {
                        -line.amount_minor
                    };
                    *balances.entry(line.account.to_string()).or_insert(0) += signed;
                }
            }
        }
    }
    balances.retain(|_, balance| *balance != 0);
    balances
}

#[test]
fn both_arithmetics_agree_over_thousands_of_events_of_several_seeds() {
    for (seed, size) in [
        (0, DEMO_EVENTS),
        (1, 2_000),
        (2, 2_000),
        (3, 5_000),
        (u64::MAX, 2_000),
    ] {
        let week = Week::generate(seed, starting(), size);
        let expected: BTreeMap<String, i64> = expected_balances(&week.events)
            .into_iter()
            .map(|(account, cents)| (account.to_owned(), cents))
            .collect();
        assert_eq!(
            expected.values().sum::<i64>(),
            0,
            "the trial balance of seed {seed} balances"
        );
        assert_eq!(journalized_balances(&week.events), expected, "seed {seed}");
    }
}

#[test]
fn a_week_holds_every_type_and_as_many_events_as_asked_for() {
    for seed in 0..20 {
        let week = Week::generate(seed, starting(), DEMO_EVENTS);
        assert_eq!(week.events.len(), DEMO_EVENTS);
        let types: BTreeSet<_> = week.events.iter().map(|event| read(event).kind()).collect();
        assert_eq!(
            types.len(),
            TransactionType::ALL.len(),
            "seed {seed} has {types:?}"
        );
        let ids: BTreeSet<_> = week
            .events
            .iter()
            .map(|event| event["external_id"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), week.events.len());
        assert!(
            week.events
                .is_sorted_by_key(|event| read(event).occurred_at)
        );
    }
    assert_eq!(Week::generate(1, starting(), 3_000).events.len(), 3_000);
    assert!(Week::generate(1, starting(), 0).events.len() < 50);
}

#[test]
fn the_same_seed_gives_the_same_week() {
    let events = |seed| Week::generate(seed, starting(), DEMO_EVENTS).events;
    assert_eq!(events(7), events(7));
    assert_ne!(events(7), events(8));
}

#[test]
fn the_week_stays_in_its_days() {
    let week = Week::generate(5, starting(), 500);
    let end = starting() + Days::new(7);
    assert!(
        week.events
            .iter()
            .map(read)
            .all(|event| (starting()..end).contains(&event.accounting_date()))
    );
}

#[test]
fn the_week_tells_of_returns_exchanges_layaways_change_and_all_ways_of_paying() {
    let week = Week::generate(1, starting(), 600);
    let text = Value::from(week.events).to_string();
    for told in [
        r#""kind":"change""#,
        r#""kind":"deposit_applied""#,
        r#""kind":"gift_card""#,
        r#""payment_type":"cash""#,
        r#""payment_type":"card""#,
        r#""payment_type":"check""#,
        r#""payment_type":"house""#,
        r#""payment_type":"gift_card""#,
        r#""quantity":"-1""#,
        r#""fulfilment_location":"cambridge""#,
        r#""item_class":"alterations""#,
    ] {
        assert!(text.contains(told), "no {told}");
    }
}

#[test]
fn only_the_paypal_ticket_fails_until_its_payment_type_is_mapped() {
    let week = Week::generate(3, starting(), DEMO_EVENTS);
    let books = books(mapping().iter().copied());
    let refused: Vec<(&str, Refusal)> = week
        .events
        .iter()
        .filter_map(|event| {
            Some((
                event["external_id"].as_str()?,
                journalize(&read(event), &books).err()?,
            ))
        })
        .collect();
    let [(id, refusal)] = refused.as_slice() else {
        panic!("{refused:?}")
    };
    assert_eq!(*id, week.paypal);
    assert!(refusal.to_string().contains("payment[paypal]"), "{refusal}");
}

#[test]
fn goods_in_transit_all_arrive_but_for_the_cent_that_rounding_two_receipts_may_leave() {
    for seed in 0..20 {
        let balances = expected_balances(&Week::generate(seed, starting(), DEMO_EVENTS).events);
        let in_transit = balances.get("1310").copied().unwrap_or_default();
        assert!(
            in_transit.abs() <= 1,
            "seed {seed} leaves {in_transit} cents in transit"
        );
    }
}

#[test]
fn every_mapped_account_is_in_the_chart_and_usual_for_its_slot() {
    for row in mapping().iter().copied().chain([paypal_mapping()]) {
        let account = chart()
            .iter()
            .find(|account| account.number == row.account)
            .unwrap();
        let slot: accounting::Slot = row.slot.parse().unwrap();
        assert_eq!(slot.check(account.account_type), Ok(None), "{row:?}");
    }
}
