//! The demo store: believable weeks of a small retailer, the books it keeps, and what those books must show.
//!
//! Two shops in Massachusetts and a web shop sell clothes and shoes. [`Week::generate`] tells one week of theirs as the
//! events its tills send; [`chart`] and [`mapping`] are the retailer's accounts and wishes; [`expected_balances`]
//! works out the week's balances by an arithmetic of its own, to prove those of the product.

mod balances;
mod chart;
mod goods;
mod office;
mod orders;
mod payments;
mod till;

pub use balances::expected_balances;
pub use chart::{Account, MappingRow, chart, mapping, paypal_mapping};
use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

/// As many events as the demo shows.
pub const DEMO_EVENTS: usize = 120;

/// The locations of the retailer: two shops and the web shop.
pub const LOCATIONS: [&str; 3] = [BOSTON, CAMBRIDGE, WEB];

const BOSTON: &str = "boston";
const CAMBRIDGE: &str = "cambridge";
const WEB: &str = "web";

/// One week of the store. The same seed, start and size always give the same week.
#[derive(Clone, Debug)]
pub struct Week {
    /// The events in the order in which they occurred, as the source sends them.
    pub events: Vec<Value>,
    /// The `external_id` of the ticket paid with `paypal`, which fails until [`paypal_mapping`] is made.
    pub paypal: String,
}

impl Week {
    /// Generates the week that begins on `starting`: `events` of them, every type among them.
    ///
    /// A week has about forty events besides plain tickets, so a smaller size is taken as that. External ids carry the
    /// seed: weeks of different seeds can go to one tenant.
    pub fn generate(seed: u64, starting: NaiveDate, events: usize) -> Self {
        let mut week = Draft {
            rng: StdRng::seed_from_u64(seed),
            starting,
            happened: Vec::new(),
        };
        // Everything but plain tickets grows with the week, so that a large one is as mixed as a small one.
        for _ in 0..(events / DEMO_EVENTS).max(1) {
            orders::layaways(&mut week);
            orders::web_orders(&mut week);
            office::purchases(&mut week);
            office::transfers(&mut week);
            office::stock_keeping(&mut week);
            office::gift_cards_and_drawers(&mut week);
        }
        let paypal = till::paypal_ticket(&mut week);
        let others = week.happened.len();
        till::tickets(&mut week, events.saturating_sub(others));
        week.finish(seed, paypal)
    }
}

/// A week in the making.
struct Draft {
    rng: StdRng,
    starting: NaiveDate,
    happened: Vec<Happened>,
}

/// Something that happened, before it has its id.
struct Happened {
    /// The local time. All locations are in one time zone.
    at: chrono::NaiveDateTime,
    location: &'static str,
    memo: Option<String>,
    transaction: Value,
}

/// The retailer keeps Eastern Standard Time.
const OFFSET: &str = "-05:00";

impl Draft {
    /// A whole number of the range, both ends included.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        self.rng.random_range(low..=high)
    }

    /// True `percent` times of a hundred.
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.rng.random_range(0..choices.len())]
    }

    /// A moment of the week's given day (0 to 6) between two hours.
    fn moment(&mut self, day: u64, from_hour: i64, to_hour: i64) -> chrono::NaiveDateTime {
        let seconds = self.between(from_hour * 3_600, to_hour * 3_600 - 1);
        (self.starting + Days::new(day)).and_time(NaiveTime::MIN) + TimeDelta::seconds(seconds)
    }

    /// A moment when a shop is open: from 10 to 20, on the sixth and seventh day to 18.
    fn opening_hour(&mut self, day: u64) -> chrono::NaiveDateTime {
        self.moment(day, 10, if day >= 5 { 18 } else { 20 })
    }

    fn happens(&mut self, at: chrono::NaiveDateTime, location: &'static str, transaction: Value) {
        self.happened.push(Happened {
            at,
            location,
            memo: None,
            transaction,
        });
    }

    /// Puts the events in order and gives each its id, such as `tkt-7-0042`.
    fn finish(mut self, seed: u64, paypal: Value) -> Week {
        self.happened.sort_by_key(|happened| happened.at);
        let mut paypal_id = String::new();
        let mut events = Vec::with_capacity(self.happened.len());
        for (
            i,
            Happened {
                at,
                location,
                memo,
                transaction,
            },
        ) in self.happened.into_iter().enumerate()
        {
            let external_id = format!("{}-{seed}-{:04}", prefix(&transaction), i + 1);
            if transaction == paypal {
                paypal_id.clone_from(&external_id);
            }
            let mut event = json!({
                "external_id": external_id,
                "occurred_at": format!("{}{OFFSET}", at.format("%Y-%m-%dT%H:%M:%S")),
                "location": location,
                "transaction": transaction,
            });
            if let Some(memo) = memo {
                event["memo"] = Value::from(memo);
            }
            events.push(event);
        }
        Week {
            events,
            paypal: paypal_id,
        }
    }
}

/// What the source's ids of a type begin with.
fn prefix(transaction: &Value) -> &'static str {
    match transaction["type"].as_str() {
        Some("ticket") => "tkt",
        Some("sales_invoice") => "inv",
        Some("customer_deposit") => "dep",
        Some("purchase_receipt") => "rec",
        Some("purchase_return") => "ret",
        Some("transfer_shipment" | "transfer_receipt") => "trf",
        Some("inventory_adjustment") => "adj",
        Some("gift_card_adjustment") => "gca",
        _ => "csh",
    }
}

/// Cents as a decimal string.
fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

#[cfg(test)]
mod tests;
