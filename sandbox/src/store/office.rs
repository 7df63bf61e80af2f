//! What happens behind the tills: purchasing, transfers, stock keeping, gift cards and drawers.

use serde_json::{Value, json};

use super::goods::{Article, GOODS, quantity};
use super::{BOSTON, CAMBRIDGE, Draft, dollars};

fn cost_line(article: &Article, count: i64) -> Value {
    json!({
        "item_class": article.class,
        "quantity": quantity(4 * count),
        "unit_cost": article.unit_cost,
    })
}

/// Two receipts, and a return of some of what came.
pub(super) fn purchases(week: &mut Draft) {
    for (vendor, location, days) in [("acme", BOSTON, (0, 2)), ("northwind", CAMBRIDGE, (1, 4))] {
        let lines: Vec<Value> = (0..week.between(2, 4))
            .map(|_| {
                let count = week.between(6, 24);
                cost_line(&week.pick(GOODS), count)
            })
            .collect();
        let day = week.between(days.0, days.1).unsigned_abs();
        let at = week.moment(day, 8, 12);
        week.happens(
            at,
            location,
            json!({"type": "purchase_receipt", "vendor": vendor, "lines": lines}),
        );
    }
    let count = week.between(1, 3);
    let lines = [cost_line(&week.pick(GOODS), count)];
    let at = week.moment(4, 14, 17);
    week.happens(
        at,
        BOSTON,
        json!({"type": "purchase_return", "vendor": "acme", "lines": lines}),
    );
}

/// One transfer that arrives whole, and one that arrives short and is resolved back to the shipper.
pub(super) fn transfers(week: &mut Draft) {
    for (shipped_on, missing) in [(1, 0), (2, 1)] {
        let article = week.pick(GOODS);
        let count = week.between(3, 8);
        let shipped_at = week.moment(shipped_on, 9, 11);
        let goods = [cost_line(&article, count)];
        let shipment =
            json!({"type": "transfer_shipment", "to_location": CAMBRIDGE, "lines": goods});
        week.happens(shipped_at, BOSTON, shipment);

        let arrived_at = week.moment(shipped_on + 1, 9, 12);
        let receipt = |count| json!({"type": "transfer_receipt", "from_location": BOSTON, "lines": [cost_line(&article, count)]});
        week.happens(arrived_at, CAMBRIDGE, receipt(count - missing));
        if missing > 0 {
            let resolved_at = week.moment(shipped_on + 2, 15, 17);
            week.happens(resolved_at, BOSTON, receipt(missing));
        }
    }
}

/// Damages in both shops, and a count after closing on the last day.
pub(super) fn stock_keeping(week: &mut Draft) {
    for location in [BOSTON, CAMBRIDGE] {
        let count = week.between(1, 2);
        let lines = [cost_line(&week.pick(GOODS), -count)];
        let day = week.between(0, 6).unsigned_abs();
        let at = week.opening_hour(day);
        week.happens(
            at,
            location,
            json!({"type": "inventory_adjustment", "reason": "damaged", "lines": lines}),
        );
    }
    let lines: Vec<Value> = (0..3)
        .map(|_| {
            let count = week.between(-3, 2);
            cost_line(&week.pick(GOODS), count)
        })
        .collect();
    let count = json!({
        "type": "inventory_adjustment", "kind": "physical_count", "reason": "physical_count", "lines": lines,
    });
    let at = week.moment(6, 19, 21);
    week.happens(at, BOSTON, count);
}

/// Goodwill put on a gift card and one corrected down; money out of a drawer for postage, and what was left put back.
pub(super) fn gift_cards_and_drawers(week: &mut Draft) {
    for (day, cents) in [(1, 2_000), (5, -1_000)] {
        let at = week.opening_hour(day);
        let adjustment =
            json!({"type": "gift_card_adjustment", "reason": "goodwill", "amount": dollars(cents)});
        week.happens(at, BOSTON, adjustment);
    }
    for location in [BOSTON, CAMBRIDGE] {
        let day = week.between(0, 4).unsigned_abs();
        let left_over = week.between(1, 1_999);
        for (direction, hours, cents) in [("out", (11, 12), 2_000), ("in", (15, 16), left_over)] {
            let at = week.moment(day, hours.0, hours.1);
            let paid = json!({
                "type": "cash_paid", "direction": direction, "reason": "postage", "amount": dollars(cents),
            });
            week.happens(at, location, paid);
        }
    }
}
