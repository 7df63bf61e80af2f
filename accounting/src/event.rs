//! The financial event on the wire: ten shapes of completed retail transactions.

mod canonical;
mod decode;
mod json;
mod kind;
mod object;
#[cfg(feature = "openapi")]
pub mod openapi;
mod shapes;
mod values;

use chrono::{DateTime, FixedOffset, NaiveDate};
pub use json::EventError;
pub use kind::TransactionType;
use serde::Serialize;
pub use shapes::{
    AdjustmentKind, CashPaid, CostLine, CustomerDeposit, DepositPayment, Direction,
    GiftCardAdjustment, GiftCardLine, InventoryAdjustment, ItemLine, Payment, PaymentKind,
    Purchase, Sale, SaleLine, ShippingLine, TaxLine, TransferReceipt, TransferShipment, Vendor,
};

use crate::{Currency, DocumentNumber, ExternalId, Key, Memo};

/// One completed retail transaction with financial impact.
///
/// Serialises to its wire form, amounts as they were written. Fields left out stay left out, except those that have a
/// default of their own (`kind`, the payment type of cash paid), which are always written.
///
/// Two events are equal when their [canonical form](Event::canonical_json) is: amounts and quantities by value.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FinancialEvent))]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The source's own id. With the transaction's type it identifies the event inside a tenant.
    pub external_id: ExternalId,
    /// Becomes the journal entry's document number. Left out: the next number of the tenant's own series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<DocumentNumber>,
    /// When the transaction was completed, with the store's own offset. The year lies between 1990 and 2100.
    #[serde(serialize_with = "write_instant")]
    pub occurred_at: DateTime<FixedOffset>,
    /// The accounting date. Left out: the calendar date written in `occurred_at`, in its own offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_date: Option<NaiveDate>,
    /// The key of the store that made the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Key>,
    /// ISO 4217 code. Left out: the tenant's home currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Goes to the journal entry's private note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<Memo>,
    /// What happened, told apart by its `type`.
    pub transaction: Transaction,
}

/// What happened. The variants are the ten values of `type` on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Transaction {
    /// A sale, return or exchange at the till.
    Ticket(Sale),
    /// A sales order invoiced when its goods go out.
    SalesInvoice(Sale),
    /// Money taken for a layaway or an order before the sale.
    CustomerDeposit(CustomerDeposit),
    /// Goods received from a vendor.
    PurchaseReceipt(Purchase),
    /// Goods returned to a vendor.
    PurchaseReturn(Purchase),
    /// Goods sent to another location.
    TransferShipment(TransferShipment),
    /// Goods arrived from another location, or a short receipt resolved back to the shipper.
    TransferReceipt(TransferReceipt),
    /// Stock adjusted or counted.
    InventoryAdjustment(InventoryAdjustment),
    /// A gift card's balance changed outside the till.
    GiftCardAdjustment(GiftCardAdjustment),
    /// Cash put into or taken out of a drawer.
    CashPaid(CashPaid),
}

impl Transaction {
    /// Which of the ten it is.
    pub fn kind(&self) -> TransactionType {
        match self {
            Self::Ticket(_) => TransactionType::Ticket,
            Self::SalesInvoice(_) => TransactionType::SalesInvoice,
            Self::CustomerDeposit(_) => TransactionType::CustomerDeposit,
            Self::PurchaseReceipt(_) => TransactionType::PurchaseReceipt,
            Self::PurchaseReturn(_) => TransactionType::PurchaseReturn,
            Self::TransferShipment(_) => TransactionType::TransferShipment,
            Self::TransferReceipt(_) => TransactionType::TransferReceipt,
            Self::InventoryAdjustment(_) => TransactionType::InventoryAdjustment,
            Self::GiftCardAdjustment(_) => TransactionType::GiftCardAdjustment,
            Self::CashPaid(_) => TransactionType::CashPaid,
        }
    }
}

impl Event {
    /// Its type; with `external_id` the identity of the event inside a tenant.
    pub fn kind(&self) -> TransactionType {
        self.transaction.kind()
    }

    /// The date it belongs to in the books: `business_date`, or the calendar date written in `occurred_at`.
    pub fn accounting_date(&self) -> NaiveDate {
        self.business_date
            .unwrap_or_else(|| self.occurred_at.date_naive())
    }
}

fn write_instant<S: serde::Serializer>(
    instant: &DateTime<FixedOffset>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}
