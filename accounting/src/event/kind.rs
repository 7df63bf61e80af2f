//! The ten types of transactions by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::mapping::UnknownName;

/// The ten values of `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TransactionType {
    /// A sale, return or exchange at the till.
    Ticket,
    /// A sales order invoiced.
    SalesInvoice,
    /// A deposit taken or refunded.
    CustomerDeposit,
    /// Goods received from a vendor.
    PurchaseReceipt,
    /// Goods returned to a vendor.
    PurchaseReturn,
    /// Goods sent to another location.
    TransferShipment,
    /// Goods arrived from another location.
    TransferReceipt,
    /// Stock adjusted or counted.
    InventoryAdjustment,
    /// A gift card's balance changed outside the till.
    GiftCardAdjustment,
    /// Cash put into or taken out of a drawer.
    CashPaid,
}

impl TransactionType {
    /// Every type, in the order of the contract.
    pub const ALL: [Self; 10] = [
        Self::Ticket,
        Self::SalesInvoice,
        Self::CustomerDeposit,
        Self::PurchaseReceipt,
        Self::PurchaseReturn,
        Self::TransferShipment,
        Self::TransferReceipt,
        Self::InventoryAdjustment,
        Self::GiftCardAdjustment,
        Self::CashPaid,
    ];

    /// Its name on the wire, such as `customer_deposit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::SalesInvoice => "sales_invoice",
            Self::CustomerDeposit => "customer_deposit",
            Self::PurchaseReceipt => "purchase_receipt",
            Self::PurchaseReturn => "purchase_return",
            Self::TransferShipment => "transfer_shipment",
            Self::TransferReceipt => "transfer_receipt",
            Self::InventoryAdjustment => "inventory_adjustment",
            Self::GiftCardAdjustment => "gift_card_adjustment",
            Self::CashPaid => "cash_paid",
        }
    }
}

impl FromStr for TransactionType {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or(UnknownName("type of transaction"))
    }
}

impl fmt::Display for TransactionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
