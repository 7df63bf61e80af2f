//! How many typical tickets one core turns into journal entries: figure 2 of the quality figures.
//!
//! A typical ticket has three lines of two classes with cost, tax, and is paid in cash with change. Run with
//! `cargo bench -p accounting`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use accounting::{Books, Currency, Event, Journalized, LocationRefs, Mapping, Slot, journalize};

const TICKET: &str = r#"{
    "external_id": "tkt_1001", "number": "104233", "occurred_at": "2026-11-20T18:22:05-05:00", "location": "boston",
    "memo": "Register 2",
    "transaction": {
        "type": "ticket",
        "lines": [
            {"kind": "item", "item_class": "apparel", "quantity": "1", "amount": "50.00", "unit_cost": "20.125"},
            {"kind": "item", "item_class": "apparel", "quantity": "2", "amount": "31.98", "unit_cost": "9.50"},
            {"kind": "item", "item_class": "footwear", "quantity": "1", "amount": "120.00", "unit_cost": "55.00"},
            {"kind": "tax", "jurisdiction": "state", "amount": "12.62"}
        ],
        "payments": [
            {"payment_type": "cash", "amount": "220.00"},
            {"payment_type": "cash", "amount": "-5.40", "kind": "change"}
        ]
    }
}"#;

const ROUND: Duration = Duration::from_millis(500);
const ROUNDS: usize = 6;

fn main() {
    let event =
        Event::parse_in(TICKET.as_bytes(), Currency::USD).expect("the ticket keeps the contract");
    let books = books();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!(
        "machine: {cores} cores, {}-{}",
        std::env::consts::ARCH,
        std::env::consts::OS
    );

    report("tickets journalized", || {
        match journalize(black_box(&event), black_box(&books)) {
            Ok(Journalized::Entry(entry)) => entry.lines().len(),
            Ok(Journalized::Skipped(_)) | Err(_) => unreachable!("the ticket makes an entry"),
        }
    });
    report("events read from JSON", || {
        Event::parse(black_box(TICKET.as_bytes())).map_or(0, |event| event.external_id.len())
    });
    report("canonical texts", || {
        black_box(&event).canonical_json().len()
    });
}

/// Prints the best and the median of a few rounds, as units a second on this one thread.
fn report(what: &str, work: impl Fn() -> usize) {
    let mut rates: Vec<u128> = (0..ROUNDS).map(|_| rate(&work)).collect();
    rates.sort_unstable();
    println!(
        "{what} a second on one core: median {}, best {}",
        rates[ROUNDS / 2],
        rates[ROUNDS - 1]
    );
}

fn rate(work: &impl Fn() -> usize) -> u128 {
    let start = Instant::now();
    let mut done = 0u128;
    loop {
        for _ in 0..1_000 {
            black_box(work());
        }
        done += 1_000;
        let elapsed = start.elapsed();
        if elapsed >= ROUND {
            return done * 1_000_000_000 / elapsed.as_nanos();
        }
    }
}

fn books() -> Books {
    let mut mapping = Mapping::default();
    for (slot, key, account) in [
        (Slot::Payment, Some("cash"), "101"),
        (Slot::Payment, Some("card"), "120"),
        (Slot::Revenue, Some("apparel"), "400"),
        (Slot::Revenue, Some("footwear"), "401"),
        (Slot::CostOfGoodsSold, Some("apparel"), "500"),
        (Slot::CostOfGoodsSold, Some("footwear"), "501"),
        (Slot::InventoryOnHand, Some("apparel"), "130"),
        (Slot::InventoryOnHand, Some("footwear"), "131"),
        (Slot::SalesTax, None, "240"),
    ] {
        mapping.set(slot, key, None, account);
    }
    let mut books = Books::new(mapping, Currency::USD);
    let refs = LocationRefs {
        department: Some("7".into()),
        class: None,
    };
    books.locations.insert("boston".to_owned(), refs);
    books
}
