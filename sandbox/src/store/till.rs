//! Tickets: sales, returns, exchanges and gift cards at the tills of the two shops.

use serde_json::{Value, json};

use super::goods::{Sold, tax_cents, tax_line};
use super::{BOSTON, CAMBRIDGE, Draft, WEB, dollars};

/// `count` tickets, spread over the week, in the order in which they occur.
pub(super) fn tickets(week: &mut Draft, count: usize) {
    let mut moments: Vec<_> = (0..count)
        .map(|_| {
            // The sixth and seventh day of the week are busier.
            let day = week.pick(&[0, 1, 2, 3, 4, 5, 5, 6, 6]);
            week.opening_hour(day)
        })
        .collect();
    moments.sort();

    // What may still come back: a return is of something sold before.
    let mut sold_before: Vec<Sold> = Vec::new();
    for (i, at) in moments.into_iter().enumerate() {
        let location = if week.chance(60) { BOSTON } else { CAMBRIDGE };
        let kind = week.between(0, 99);
        let transaction = match kind {
            0..4 => gift_card(week),
            4..12 if !sold_before.is_empty() => {
                let back = take_back(week, &mut sold_before);
                ticket(week, vec![back])
            }
            12..17 if !sold_before.is_empty() => {
                let exchanged = vec![take_back(week, &mut sold_before), week.one_sold()];
                ticket(week, exchanged)
            }
            _ => {
                let basket = week.basket();
                sold_before.extend(&basket);
                ticket(week, basket)
            }
        };
        week.happens(at, location, transaction);
        if let Some(happened) = week.happened.last_mut() {
            happened.memo = Some(format!("Register {}", i % 3 + 1));
        }
    }
}

fn take_back(week: &mut Draft, sold_before: &mut Vec<Sold>) -> Sold {
    let i = week.between(0, sold_before.len() as i64 - 1);
    sold_before.swap_remove(i as usize).returned()
}

/// A ticket of these goods with tax, paid or paid back in full.
fn ticket(week: &mut Draft, goods: Vec<Sold>) -> Value {
    let tax = tax_cents(&goods);
    let total = goods.iter().map(|sold| sold.amount_cents).sum::<i64>() + tax;
    let lines: Vec<Value> = goods
        .iter()
        .map(|sold| sold.line(None))
        .chain(tax_line(tax))
        .collect();
    json!({"type": "ticket", "lines": lines, "payments": week.pay(total)})
}

/// A gift card sold or reloaded. Nobody pays for one with another, so that the liability really rises.
fn gift_card(week: &mut Draft) -> Value {
    let cents = week.pick(&[2_500, 5_000, 10_000]);
    let payment_type = week.pick(&["card", "cash"]);
    json!({
        "type": "ticket",
        "lines": [{"kind": "gift_card", "amount": dollars(cents)}],
        "payments": [{"payment_type": payment_type, "amount": dollars(cents)}],
    })
}

/// The ticket that fails until its payment type has an account. Gives its transaction, by which it is found again.
pub(super) fn paypal_ticket(week: &mut Draft) -> Value {
    let sold = week.one_sold();
    let tax = tax_cents(&[sold]);
    let lines: Vec<Value> = [sold.line(Some(BOSTON))]
        .into_iter()
        .chain(tax_line(tax))
        .collect();
    let total = sold.amount_cents + tax;
    let transaction = json!({
        "type": "ticket",
        "lines": lines,
        "payments": [{"payment_type": "paypal", "amount": dollars(total)}],
    });
    let at = week.moment(2, 12, 23);
    week.happens(at, WEB, transaction.clone());
    transaction
}
