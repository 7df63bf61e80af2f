//! The posting rules: for each transaction, what is debited and what is credited.
//!
//! This is the table of the accounting contract, row by row and in its order. A row says the sides of a positive
//! amount; a negative one turns them. Nothing here knows an account, a currency or a tenant.

use crate::event::{
    AdjustmentKind, CostLine, Direction, Event, Payment, PaymentKind, Sale, SaleLine, Transaction,
};
use crate::{EventAmount, Key, Quantity, Slot, UnitCost};

/// One row of the table applied to one line or payment.
pub(crate) struct Posting<'e> {
    /// What a positive amount is debited to. A row with one side only must be balanced by rows of the other.
    pub debit: Option<Place<'e>>,
    /// What a positive amount is credited to.
    pub credit: Option<Place<'e>>,
    pub measure: Measure,
}

/// A slot with its key, at a location.
#[derive(Clone, Copy)]
pub(crate) struct Place<'e> {
    pub slot: Slot,
    pub key: Option<&'e Key>,
    pub location: Option<&'e Key>,
    pub words: Words,
}

/// What a bookkeeper reads before the key: for a positive amount, and for a negative one that turned the sides.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    pub plain: &'static str,
    pub turned: &'static str,
}

const fn words(plain: &'static str, turned: &'static str) -> Words {
    Words { plain, turned }
}

/// What is posted, before it is known in which currency.
#[derive(Clone, Copy)]
pub(crate) enum Measure {
    Amount(EventAmount),
    Cost(Quantity, UnitCost),
}

/// An account that an event asks the mapping for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need<'e> {
    /// The slot.
    pub slot: Slot,
    /// The key, where the line has one.
    pub key: Option<&'e str>,
    /// The location of the line, where it has one.
    pub location: Option<&'e str>,
}

impl Event {
    /// Every account this event asks the mapping for, each once, in the order of the posting rules.
    ///
    /// Lines of amount zero are counted in, so that a new key becomes known from its first event; lines without a cost
    /// ask for no cost accounts.
    pub fn needs(&self) -> Vec<Need<'_>> {
        let mut needs = Vec::new();
        let mut seen = std::collections::HashSet::new();
        postings(self, &mut |posting| {
            for place in [posting.debit, posting.credit].into_iter().flatten() {
                let key = place.key.map(Key::as_str);
                let location = place.location.map(Key::as_str);
                let need = Need {
                    slot: place.slot,
                    key,
                    location,
                };
                if seen.insert(need) {
                    needs.push(need);
                }
            }
        });
        needs
    }

    /// Every key this event carries, with the slot that asks for it: what the tenant's list of known keys learns from.
    pub fn keys(&self) -> Vec<(Slot, &str)> {
        let mut keys: Vec<_> = self
            .needs()
            .into_iter()
            .filter_map(|need| Some((need.slot, need.key?)))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Every location this event names, each once: its own, those that fulfil, and the other end of a transfer.
    pub fn locations(&self) -> Vec<&str> {
        let mut locations: Vec<&Key> = self.location.iter().collect();
        match &self.transaction {
            Transaction::Ticket(sale) | Transaction::SalesInvoice(sale) => {
                locations.extend(sale.lines.iter().filter_map(|line| match line {
                    SaleLine::Item(item) => item.fulfilment_location.as_ref(),
                    SaleLine::Tax(_) | SaleLine::Shipping(_) | SaleLine::GiftCard(_) => None,
                }));
            }
            Transaction::TransferShipment(shipment) => locations.push(&shipment.to_location),
            Transaction::TransferReceipt(receipt) => locations.push(&receipt.from_location),
            Transaction::CustomerDeposit(_)
            | Transaction::PurchaseReceipt(_)
            | Transaction::PurchaseReturn(_)
            | Transaction::InventoryAdjustment(_)
            | Transaction::GiftCardAdjustment(_)
            | Transaction::CashPaid(_) => {}
        }
        locations.sort_unstable();
        locations.dedup();
        locations.into_iter().map(Key::as_str).collect()
    }
}

/// Applies the table to an event, row after row.
pub(crate) fn postings<'e>(event: &'e Event, post: &mut impl FnMut(Posting<'e>)) {
    let here = event.location.as_ref();
    let place = |slot, key, words| {
        Some(Place {
            slot,
            key,
            location: here,
            words,
        })
    };
    match &event.transaction {
        Transaction::Ticket(sold) | Transaction::SalesInvoice(sold) => sale(sold, here, post),
        Transaction::CustomerDeposit(deposit) => {
            for payment in &deposit.payments {
                let key = Some(&payment.payment_type);
                post(Posting {
                    debit: place(
                        Slot::Payment,
                        key,
                        words("Deposit taken", "Deposit refunded"),
                    ),
                    credit: place(
                        Slot::Deposit,
                        key,
                        words("Customer deposit", "Customer deposit refunded"),
                    ),
                    measure: Measure::Amount(payment.amount),
                });
            }
        }
        Transaction::PurchaseReceipt(purchase) => {
            let received = words("Inventory received", "Inventory received, corrected");
            let purchases = words("Purchases received", "Purchases received, corrected");
            at_cost(&purchase.lines, post, |class| {
                (
                    place(Slot::InventoryOnHand, class, received),
                    place(Slot::PurchasesReceived, class, purchases),
                )
            });
        }
        Transaction::PurchaseReturn(purchase) => {
            let purchases = words("Purchases returned", "Purchases returned, corrected");
            let returned = words(
                "Inventory returned to vendor",
                "Inventory returned to vendor, corrected",
            );
            at_cost(&purchase.lines, post, |class| {
                (
                    place(Slot::PurchasesReturned, class, purchases),
                    place(Slot::InventoryOnHand, class, returned),
                )
            });
        }
        Transaction::TransferShipment(shipment) => {
            let in_transit = words("Shipped into transit", "Shipped into transit, corrected");
            let shipped = words("Inventory shipped", "Inventory shipped, corrected");
            at_cost(&shipment.lines, post, |class| {
                (
                    place(Slot::InventoryInTransit, class, in_transit),
                    place(Slot::InventoryOnHand, class, shipped),
                )
            });
        }
        Transaction::TransferReceipt(receipt) => {
            let arrived = words("Inventory arrived", "Inventory arrived, corrected");
            let out_of_transit = words(
                "Received out of transit",
                "Received out of transit, corrected",
            );
            at_cost(&receipt.lines, post, |class| {
                // In transit belongs to the shipper until it arrives, so that its balance there ends at zero.
                let shipper = Some(&receipt.from_location);
                let transit = Place {
                    slot: Slot::InventoryInTransit,
                    key: class,
                    location: shipper,
                    words: out_of_transit,
                };
                (place(Slot::InventoryOnHand, class, arrived), Some(transit))
            });
        }
        Transaction::InventoryAdjustment(adjustment) => {
            let (stock, result) = match adjustment.kind {
                AdjustmentKind::Adjustment => (
                    words("Inventory adjusted up", "Inventory adjusted down"),
                    words("Adjustment gain", "Adjustment loss"),
                ),
                AdjustmentKind::PhysicalCount => (
                    words("Inventory counted over", "Inventory counted short"),
                    words("Count gain", "Count loss"),
                ),
            };
            let reason = Some(&adjustment.reason);
            at_cost(&adjustment.lines, post, |class| {
                (
                    place(Slot::InventoryOnHand, class, stock),
                    place(Slot::InventoryAdjustment, reason, result),
                )
            });
        }
        Transaction::GiftCardAdjustment(adjustment) => {
            let balance = words("Gift card balance raised", "Gift card balance lowered");
            post(Posting {
                debit: place(Slot::GiftCardAdjustment, Some(&adjustment.reason), balance),
                credit: place(Slot::GiftCardLiability, None, balance),
                measure: Measure::Amount(adjustment.amount),
            });
        }
        Transaction::CashPaid(paid) => {
            let way = match paid.direction {
                Direction::In => words("Cash paid in", "Cash paid in, corrected"),
                Direction::Out => words("Cash paid out", "Cash paid out, corrected"),
            };
            let purpose = place(Slot::CashPaid, Some(&paid.reason), way);
            let drawer = place(Slot::Payment, Some(&paid.payment_type), way);
            let (debit, credit) = match paid.direction {
                Direction::In => (drawer, purpose),
                Direction::Out => (purpose, drawer),
            };
            post(Posting {
                debit,
                credit,
                measure: Measure::Amount(paid.amount),
            });
        }
    }
}

/// A ticket or an invoice: payments on the debit side, what they paid for on the credit side, and the cost of goods.
fn sale<'e>(sale: &'e Sale, here: Option<&'e Key>, post: &mut impl FnMut(Posting<'e>)) {
    let place = |slot, key, words| {
        Some(Place {
            slot,
            key,
            location: here,
            words,
        })
    };
    let pay = |payment: &'e Payment, slot, words| Posting {
        debit: place(slot, Some(&payment.payment_type), words),
        credit: None,
        measure: Measure::Amount(payment.amount),
    };
    let sell = |slot, key, amount, words| Posting {
        debit: None,
        credit: place(slot, key, words),
        measure: Measure::Amount(amount),
    };

    for payment in &sale.payments {
        match payment.kind {
            PaymentKind::Tender => post(pay(payment, Slot::Payment, words("Payment", "Refund"))),
            PaymentKind::Change => post(pay(
                payment,
                Slot::Payment,
                words("Change taken back", "Change given"),
            )),
            PaymentKind::DepositApplied => {}
        }
    }
    for payment in sale
        .payments
        .iter()
        .filter(|payment| payment.kind == PaymentKind::DepositApplied)
    {
        post(pay(
            payment,
            Slot::Deposit,
            words("Deposit applied", "Deposit restored"),
        ));
    }
    for line in &sale.lines {
        if let SaleLine::Item(item) = line {
            post(sell(
                Slot::Revenue,
                item.item_class.as_ref(),
                item.amount,
                words("Sales", "Returns"),
            ));
        }
    }
    for line in &sale.lines {
        if let SaleLine::Item(item) = line
            && let Some(unit_cost) = item.unit_cost
        {
            let class = item.item_class.as_ref();
            let location = item.fulfilment_location.as_ref().or(here);
            let place = |slot, words| {
                Some(Place {
                    slot,
                    key: class,
                    location,
                    words,
                })
            };
            cost(item.quantity, unit_cost, post, || {
                (
                    place(
                        Slot::CostOfGoodsSold,
                        words("Cost of goods sold", "Cost of goods returned"),
                    ),
                    place(
                        Slot::InventoryOnHand,
                        words("Inventory sold", "Inventory returned"),
                    ),
                )
            });
        }
    }
    for line in &sale.lines {
        if let SaleLine::Tax(tax) = line {
            let collected = words("Sales tax", "Sales tax refunded");
            post(sell(
                Slot::SalesTax,
                tax.jurisdiction.as_ref(),
                tax.amount,
                collected,
            ));
        }
    }
    for line in &sale.lines {
        if let SaleLine::Shipping(shipping) = line {
            let charged = words("Shipping", "Shipping refunded");
            post(sell(
                Slot::ShippingIncome,
                shipping.method.as_ref(),
                shipping.amount,
                charged,
            ));
        }
    }
    for line in &sale.lines {
        if let SaleLine::GiftCard(card) = line {
            post(sell(
                Slot::GiftCardLiability,
                None,
                card.amount,
                words("Gift cards sold", "Gift cards taken back"),
            ));
        }
    }
}

/// Posts each line's cost between the two places of its item class.
fn at_cost<'e>(
    lines: &'e [CostLine],
    post: &mut impl FnMut(Posting<'e>),
    places: impl Fn(Option<&'e Key>) -> (Option<Place<'e>>, Option<Place<'e>>),
) {
    for line in lines {
        cost(line.quantity, line.unit_cost, post, || {
            places(line.item_class.as_ref())
        });
    }
}

/// Posts a cost. A zero cost makes no lines and needs no accounts.
fn cost<'e>(
    quantity: Quantity,
    unit_cost: UnitCost,
    post: &mut impl FnMut(Posting<'e>),
    places: impl FnOnce() -> (Option<Place<'e>>, Option<Place<'e>>),
) {
    if !quantity.is_zero() && !unit_cost.is_zero() {
        let (debit, credit) = places();
        post(Posting {
            debit,
            credit,
            measure: Measure::Cost(quantity, unit_cost),
        });
    }
}
