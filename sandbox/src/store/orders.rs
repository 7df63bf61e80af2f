//! Layaways and web orders: a deposit first, the sale later.

use serde_json::{Value, json};

use super::goods::{Sold, tax_cents, tax_line};
use super::payments::deposit_applied;
use super::{BOSTON, CAMBRIDGE, Draft, WEB, dollars};

fn deposit(payment_type: &str, cents: i64) -> Value {
    json!({"type": "customer_deposit", "payments": [{"payment_type": payment_type, "amount": dollars(cents)}]})
}

/// Three layaways: two are completed later in the week, one is given up and its deposit refunded.
pub(super) fn layaways(week: &mut Draft) {
    for completed in [true, true, false] {
        let location = week.pick(&[BOSTON, CAMBRIDGE]);
        let payment_type = week.pick(&["card", "cash"]);
        let sold = week.one_sold();
        let tax = tax_cents(&[sold]);
        let total = sold.amount_cents + tax;
        let down = (total / 4).max(1);
        let taken_on = week.between(0, 2).unsigned_abs();
        let taken_at = week.opening_hour(taken_on);
        week.happens(taken_at, location, deposit(payment_type, down));

        let ended_on = week.between(3, 6).unsigned_abs();
        let ended_at = week.opening_hour(ended_on);
        let end = if completed {
            let lines: Vec<Value> = [sold.line(None)].into_iter().chain(tax_line(tax)).collect();
            let mut payments = week.pay(total - down);
            payments.push(deposit_applied(payment_type, down));
            json!({"type": "ticket", "lines": lines, "payments": payments})
        } else {
            deposit(payment_type, -down)
        };
        week.happens(ended_at, location, end);
    }
}

/// Four web orders, paid when ordered and invoiced when shipped. One is shipped in two parts from the two shops.
pub(super) fn web_orders(week: &mut Draft) {
    for parts in [1, 1, 1, 2] {
        let ordered_on = week.between(0, 4).unsigned_abs();
        // Orders come in at all hours, which puts some of them on the next day in UTC.
        let ordered_at = week.moment(ordered_on, 0, 24);
        let invoices: Vec<(i64, Vec<Value>)> =
            (0..parts).map(|part| invoice_lines(week, part)).collect();
        let total = invoices.iter().map(|(total, _)| total).sum();
        week.happens(ordered_at, WEB, deposit("card", total));

        for (part, (total, lines)) in (1u64..).zip(invoices) {
            let shipped_at = week.opening_hour((ordered_on + part).min(6));
            let invoice = json!({"type": "sales_invoice", "lines": lines, "payments": [deposit_applied("card", total)]});
            week.happens(shipped_at, WEB, invoice);
        }
    }
}

/// The lines of one shipment and their sum in cents. Shipping is charged once an order and not taxed.
fn invoice_lines(week: &mut Draft, part: i64) -> (i64, Vec<Value>) {
    let fulfilment = if part == 0 { BOSTON } else { CAMBRIDGE };
    let goods: Vec<Sold> = (0..week.between(1, 2)).map(|_| week.one_sold()).collect();
    let tax = tax_cents(&goods);
    let mut total = goods.iter().map(|sold| sold.amount_cents).sum::<i64>() + tax;
    let mut lines: Vec<Value> = goods
        .iter()
        .map(|sold| sold.line(Some(fulfilment)))
        .collect();
    if part == 0 {
        let (method, cents) = week.pick(&[("ground", 795), ("express", 1_995)]);
        lines.push(json!({"kind": "shipping", "method": method, "amount": dollars(cents)}));
        total += cents;
    }
    lines.extend(tax_line(tax));
    (total, lines)
}
