//! What the books must show after a week, worked out straight from the events' JSON.
//!
//! This is the product's judge, so it shares nothing with it: no reader, no rules, no rounding, no mapping. Where it
//! meets something it does not know, it says so instead of guessing.

use std::collections::BTreeMap;

use serde_json::Value;

/// The balance of each account by number: debits less credits, in cents. Accounts at zero are left out.
///
/// Counts the ticket paid with `paypal` as posted to its clearing account.
///
/// # Panics
/// Where an event is none of the demo store's: this is arithmetic over [`super::Week::events`] only.
pub fn expected_balances(events: &[Value]) -> BTreeMap<&'static str, i64> {
    let mut balances = BTreeMap::new();
    for event in events {
        for (account, cents) in effects(&event["transaction"]) {
            *balances.entry(account).or_insert(0) += cents;
        }
    }
    balances.retain(|_, cents| *cents != 0);
    balances
}

/// What one transaction adds to each account; a credit is negative.
fn effects(transaction: &Value) -> Vec<(&'static str, i64)> {
    let list = |name: &str| {
        transaction[name]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let mut effects = Vec::new();
    let mut move_to_from = |debited: &'static str, credited: &'static str, cents: i64| {
        effects.push((debited, cents));
        effects.push((credited, -cents));
    };
    match text(transaction, "type") {
        "ticket" | "sales_invoice" => return sale(list("lines"), list("payments")),
        "customer_deposit" => {
            for payment in list("payments") {
                move_to_from(
                    tender_account(text(payment, "payment_type")),
                    "2300",
                    cents(payment, "amount"),
                );
            }
        }
        "purchase_receipt" => {
            for line in list("lines") {
                move_to_from(stock_account(line), "2100", cost(line));
            }
        }
        "purchase_return" => {
            for line in list("lines") {
                move_to_from("2110", stock_account(line), cost(line));
            }
        }
        "transfer_shipment" => {
            for line in list("lines") {
                move_to_from("1310", stock_account(line), cost(line));
            }
        }
        "transfer_receipt" => {
            for line in list("lines") {
                move_to_from(stock_account(line), "1310", cost(line));
            }
        }
        "inventory_adjustment" => {
            let result = match text(transaction, "reason") {
                "damaged" => "5910",
                "physical_count" => "5900",
                other => unknown("reason", other),
            };
            for line in list("lines") {
                move_to_from(stock_account(line), result, cost(line));
            }
        }
        "gift_card_adjustment" => move_to_from("6110", "2200", cents(transaction, "amount")),
        "cash_paid" => match text(transaction, "direction") {
            "out" => move_to_from("6100", "1010", cents(transaction, "amount")),
            "in" => move_to_from("1010", "6100", cents(transaction, "amount")),
            other => unknown("direction", other),
        },
        other => unknown("type", other),
    }
    effects
}

fn sale(lines: &[Value], payments: &[Value]) -> Vec<(&'static str, i64)> {
    let mut effects = Vec::new();
    for payment in payments {
        let account = match payment["kind"].as_str() {
            Some("deposit_applied") => "2300",
            Some("change") | None => tender_account(text(payment, "payment_type")),
            Some(other) => unknown("kind of payment", other),
        };
        effects.push((account, cents(payment, "amount")));
    }
    for line in lines {
        let income = match text(line, "kind") {
            "item" => match text(line, "item_class") {
                "apparel" => "4000",
                "footwear" => "4010",
                "alterations" => "4020",
                other => unknown("item class", other),
            },
            "tax" => "2400",
            "shipping" => "4100",
            "gift_card" => "2200",
            other => unknown("kind of line", other),
        };
        effects.push((income, -cents(line, "amount")));
        if line.get("unit_cost").is_some() {
            let cost_account = if text(line, "item_class") == "footwear" {
                "5010"
            } else {
                "5000"
            };
            effects.push((cost_account, cost(line)));
            effects.push((stock_account(line), -cost(line)));
        }
    }
    effects
}

fn tender_account(payment_type: &str) -> &'static str {
    match payment_type {
        "cash" | "check" => "1010",
        "card" => "1200",
        "paypal" => "1215",
        "house" => "1220",
        "gift_card" => "2200",
        other => unknown("payment type", other),
    }
}

fn stock_account(line: &Value) -> &'static str {
    match text(line, "item_class") {
        "apparel" => "1300",
        "footwear" => "1305",
        other => unknown("stocked item class", other),
    }
}

/// Quantity times unit cost, to the nearest cent, halves away from zero.
fn cost(line: &Value) -> i64 {
    let millionths_squared = scaled(text(line, "quantity")) * scaled(text(line, "unit_cost"));
    let per_cent: i128 = 10_000_000_000;
    let magnitude = (millionths_squared.abs() + per_cent / 2) / per_cent;
    fit(magnitude * millionths_squared.signum())
}

fn cents(object: &Value, field: &str) -> i64 {
    fit(scaled(text(object, field)) / 10_000)
}

/// A decimal string in millionths.
fn scaled(decimal: &str) -> i128 {
    let (sign, digits) = decimal
        .strip_prefix('-')
        .map_or((1, decimal), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{whole}{fraction:0<6}");
    padded.parse::<i128>().map_or_else(
        |_| unknown("decimal", decimal),
        |millionths| sign * millionths,
    )
}

fn fit(cents: i128) -> i64 {
    i64::try_from(cents).expect("a week of a small retailer is far below 2^63 cents")
}

fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object[field]
        .as_str()
        .unwrap_or_else(|| unknown("object without a field", field))
}

fn unknown<T>(what: &str, which: &str) -> T {
    unreachable!("the demo store makes no such {what}: {which}")
}
