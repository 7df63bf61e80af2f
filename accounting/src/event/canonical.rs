//! When two events are the same: one text for each, whatever way it was written.

use super::{CostLine, Event, SaleLine, Transaction};
use crate::UnitCost;

impl Event {
    /// The one text of this event: the same for every order of keys, spacing and writing of a number (`19.9`, `19.90`).
    ///
    /// Compare or hash this to see whether a source sent the same event again. A field left out and the same field
    /// given with its tenant's default (such as `currency`) are different texts.
    pub fn canonical_json(&self) -> String {
        let mut canonical = self.clone();
        canonical.normalize();
        serde_json::to_string(&canonical)
            .expect("an event holds only texts, lists and objects with text keys")
    }

    fn normalize(&mut self) {
        fn costs(lines: &mut [CostLine]) {
            for line in lines {
                line.quantity = line.quantity.normalized();
                line.unit_cost = line.unit_cost.normalized();
            }
        }
        match &mut self.transaction {
            Transaction::Ticket(sale) | Transaction::SalesInvoice(sale) => {
                for line in &mut sale.lines {
                    if let SaleLine::Item(item) = line {
                        item.quantity = item.quantity.normalized();
                        item.unit_cost = item.unit_cost.map(UnitCost::normalized);
                    }
                    let amount = line.amount_mut();
                    *amount = amount.normalized();
                }
                for payment in &mut sale.payments {
                    payment.amount = payment.amount.normalized();
                }
            }
            Transaction::CustomerDeposit(deposit) => {
                for payment in &mut deposit.payments {
                    payment.amount = payment.amount.normalized();
                }
            }
            Transaction::PurchaseReceipt(purchase) | Transaction::PurchaseReturn(purchase) => {
                costs(&mut purchase.lines)
            }
            Transaction::TransferShipment(shipment) => costs(&mut shipment.lines),
            Transaction::TransferReceipt(receipt) => costs(&mut receipt.lines),
            Transaction::InventoryAdjustment(adjustment) => costs(&mut adjustment.lines),
            Transaction::GiftCardAdjustment(adjustment) => {
                adjustment.amount = adjustment.amount.normalized()
            }
            Transaction::CashPaid(paid) => paid.amount = paid.amount.normalized(),
        }
    }
}

impl PartialEq for Event {
    /// Instants are compared with their offset: it decides the accounting date.
    fn eq(&self, other: &Self) -> bool {
        let Self {
            external_id,
            number,
            occurred_at,
            business_date,
            location,
            currency,
            memo,
            transaction,
        } = self;
        *external_id == other.external_id
            && *number == other.number
            && *occurred_at == other.occurred_at
            && occurred_at.offset() == other.occurred_at.offset()
            && *business_date == other.business_date
            && *location == other.location
            && *currency == other.currency
            && *memo == other.memo
            && *transaction == other.transaction
    }
}

impl Eq for Event {}
