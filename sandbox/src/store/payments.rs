//! How customers pay, and how they are paid back.

use serde_json::{Value, json};

use super::{Draft, dollars};

fn payment(payment_type: &str, cents: i64) -> Value {
    json!({"payment_type": payment_type, "amount": dollars(cents)})
}

/// A deposit taken earlier with `payment_type`, used up.
pub(super) fn deposit_applied(payment_type: &str, cents: i64) -> Value {
    json!({"payment_type": payment_type, "amount": dollars(cents), "kind": "deposit_applied"})
}

impl Draft {
    /// Payments that sum to `total_cents`: money taken, given back when it is negative, nothing when it is zero.
    pub(super) fn pay(&mut self, total_cents: i64) -> Vec<Value> {
        match total_cents {
            0 => Vec::new(),
            ..0 => vec![payment(
                self.pick(&["card", "card", "cash", "gift_card"]),
                total_cents,
            )],
            _ => self.take_money(total_cents),
        }
    }

    fn take_money(&mut self, total_cents: i64) -> Vec<Value> {
        match self.between(0, 99) {
            0..50 => vec![payment("card", total_cents)],
            50..78 => self.cash(total_cents),
            78..83 => vec![payment("check", total_cents)],
            83..88 => vec![payment("house", total_cents)],
            88..92 => vec![payment("gift_card", total_cents)],
            _ => {
                // A gift card that does not cover it all, or two ways of paying.
                let first = self.between(1, total_cents);
                let mut payments = vec![payment(self.pick(&["gift_card", "card"]), first)];
                if total_cents > first {
                    payments.extend(self.cash(total_cents - first));
                }
                payments
            }
        }
    }

    /// Cash to the next note or to the cent, and the change.
    fn cash(&mut self, total_cents: i64) -> Vec<Value> {
        let note = self.pick(&[1, 100, 500, 1_000, 2_000, 2_000]);
        let handed_over = (total_cents + note - 1) / note * note;
        let mut payments = vec![payment("cash", handed_over)];
        if handed_over > total_cents {
            let change = total_cents - handed_over;
            payments
                .push(json!({"payment_type": "cash", "amount": dollars(change), "kind": "change"}));
        }
        payments
    }
}
